"""Transformed files: from an allowed request to the representation of a result.

The caller was allowed to read the file through the slug before any of this runs. Here the
parameters are read, the files that they name are found and decided upon in the same way, and the
result is looked up by a key over everything it depends on; only then is it computed.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from byteward.access.actions import Action
from byteward.access.model import Principal
from byteward.accounts.model import Preset
from byteward.delivery.authorise import Authorised
from byteward.delivery.file_cache import FileCache
from byteward.delivery.memory_cache import MemoryCache
from byteward.delivery.meter import UsageMeter
from byteward.delivery.representation import Representation, with_lines
from byteward.delivery.request import DeliveryRequest, Pairs
from byteward.errors import BytewardError, ErrorCode
from byteward.files.layer_resolution import ExternalPlace, levels_of, place_of
from byteward.files.store import StoredFile
from byteward.header_lines import HeaderLine, header_line
from byteward.paths import FilePath
from byteward.permissions.facts import Facts
from byteward.permissions.guard import Guard
from byteward.permissions.lru import WeightedLru
from byteward.storage.port import ObjectMissingError, ObjectReader, ObjectStore
from byteward.transform.cache import CachedResult, ResultCache, result_key
from byteward.transform.client import TransformClient
from byteward.transform.image.crop_file import MAX_BYTES, MIME, parse_crop_file
from byteward.transform.image.formats import OutputFormat, accepted_formats
from byteward.transform.image.params import ImageParams, canonical_pairs, parse_params
from byteward.transform.image.values import refuse
from byteward.transform.wire import TransformRequest

IMAGE: Final = "image"
ENGINE: Final = "2026-11-24 libvips 8.18.7"
"""Changes when the same parameters begin to give other bytes; part of every key and ETag."""

_REMEMBERED: Final = 8_388_608
_PIECE_BYTES: Final = 1_048_576
_ENTRY_BYTES: Final = 2_000
_CROP_NAMES: Final = frozenset({"crop-x", "crop-y", "crop-w", "crop-h"})
_MAX_IGNORED: Final = 200
_WARM: Final = 4096
_FONT_SUFFIXES: Final = (".ttf", ".otf")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a URL asks for, as far as it can be told without the file.

    Attributes:
        slug: `image` or the preset's name.
        revision: of the preset; 0 for none.
        pairs: canonical pairs.
        params: the same, read.
    """

    slug: str
    revision: int
    pairs: Pairs
    params: ImageParams


@dataclass(frozen=True, slots=True)
class Source:
    """The file behind a result, and the crop that was written down beside it."""

    file: StoredFile
    pairs: Pairs


class _Warm(Struct, frozen=True):
    """The answer to the very same question, for as long as nobody committed anything.

    INVARIANT: it holds its request, so no other can have the same id meanwhile. Answers for which
    the caller was decided about once more, because parameters name files, are not kept.
    """

    request: DeliveryRequest
    object_id: str
    accept: str | None
    version: int
    found: Representation

    def answers(
        self, request: DeliveryRequest, object_id: str, accept: str | None, version: int
    ) -> bool:
        """Whether nothing that it depends on is another one now."""
        return (
            self.request is request
            and self.version == version
            and self.object_id == object_id
            and self.accept == accept
        )


class Results:
    """Finds and makes the results of one worker.

    Args:
        facts: presets.
        guard: decides about the files that parameters name.
        files: look-ups by path.
        store: bytes of crop files.
        cache: results on disk.
        client: of the transform process.
        represent: works out header lines.
        memory: bodies of small results.
        max_layers: of one image.
        meter: counts what is made for the statistics of the day.
    """

    def __init__(
        self,
        *,
        facts: Facts,
        guard: Guard,
        files: FileCache,
        store: ObjectStore,
        cache: ResultCache,
        client: TransformClient,
        represent: Callable[[StoredFile], Representation],
        memory: MemoryCache,
        max_layers: int,
        meter: UsageMeter,
    ) -> None:
        self._facts = facts
        self._meter = meter
        self._guard = guard
        self._files = files
        self._store = store
        self._cache = cache
        self._client = client
        self._represent = represent
        self._memory = memory
        self._remembered: WeightedLru[str, tuple[Representation, int]] = WeightedLru(_REMEMBERED)
        self._warm: dict[int, _Warm] = {}
        self._read = lru_cache(2048)(
            lambda slug, revision, pairs: Wanted(
                slug, revision, canonical_pairs(pairs), parse_params(pairs, max_layers=max_layers)
            )
        )

    async def wanted(self, account_id: str, slug: str, pairs: Pairs) -> Wanted:
        """Read a URL's parameters, or a preset's in their place.

        Raises:
            BytewardError: `transformation_not_found`, `invalid_parameter`, `artifact_not_found`.
        """
        if dict(pairs).get("artifact", "/") != "/":
            raise BytewardError(ErrorCode.ARTIFACT_NOT_FOUND, "images have no artifacts")
        if slug == IMAGE:
            return self._read(slug, 0, pairs)
        preset = await self._facts.preset(account_id, slug)
        if preset is None or preset.transformation != IMAGE:
            raise BytewardError(
                ErrorCode.TRANSFORMATION_NOT_FOUND,
                "no such transformation or preset, check the URL",
            )
        # SECURITY: a grant for a preset must not be widened by parameters of the URL.
        return self._read(slug, preset.revision, preset_pairs(preset))

    async def find(
        self,
        may: Authorised,
        wanted: Wanted,
        found: Representation,
        accept: str | None,
        version: int,
    ) -> Representation:
        """The result, computed if need be.

        Args:
            may: the decision about the file of the URL; its principal is also decided about for
                the files that parameters name.
            wanted: see `wanted`.
            found: the file of the URL.
            accept: the Accept header.
            version: the database's change stamp, taken at the start of the request.

        Raises:
            BytewardError: what went wrong; `not_cached` when nothing may be computed.
        """
        request = may.request
        warm = self._warm.get(id(request))
        if warm is not None and warm.answers(request, found.file.object_id, accept, version):
            return warm.found
        look = _Look(self, request.account_id, may.principal, request.slug, version)
        source = await look.source(found.file)
        pairs = wanted.pairs
        if source.pairs and not any(name in _CROP_NAMES for name, _ in pairs):
            pairs = canonical_pairs((*pairs, *source.pairs))
        companions = await look.companions(wanted.params, request.path)
        accepted = _accepted(wanted.params, accept)
        version_of_url = dict(request.pairs).get("version", "")
        key = _key(
            (request.account_id, wanted.slug, wanted.revision), request.path, source.file.object_id,
            pairs, accepted, tuple(companions.items()), version_of_url,
        )  # fmt: skip
        if request.is_cacheable:
            cached = self._cached(key, found.file, version, is_permanent=request.is_permanent)
            if cached is not None:
                cached = _telling(cached, wanted)
                if not companions and source.file is found.file:
                    self._keep_warm(_Warm(request, source.file.object_id, accept, version, cached))
                return cached
        if _is_cache_only(request.pairs):
            raise BytewardError(
                ErrorCode.NOT_CACHED,
                "the result is not in the cache, and `cache-only` forbids computing it",
            )
        made = await self._client.result(
            TransformRequest(
                key=key,
                account_id=request.account_id,
                slug=wanted.slug,
                path=request.path.text,
                source=source.file.object_id,
                pairs=pairs,
                accepted=accepted,
                companions=companions,
                is_permanent=request.is_permanent,
            )
        )
        self._meter.count_transform(request.account_id, made.header.cost_ms)
        self._cool(key)
        self._forget(key)
        self._known(key, made, found.file, version)
        fresh = self._represented(key, made, found.file, b"MISS")
        return _telling(fresh, wanted)

    def _cool(self, key: str) -> None:
        """Another result has taken a result's place."""
        for number in [n for n, each in self._warm.items() if each.found.file.object_id == key]:
            del self._warm[number]

    def _keep_warm(self, warm: _Warm) -> None:
        if len(self._warm) >= _WARM:
            self._warm.clear()
        self._warm[id(warm.request)] = warm

    def _cached(
        self, key: str, file: StoredFile, version: int, *, is_permanent: bool | None
    ) -> Representation | None:
        """The result, if it was computed before and is not one of those that are not wanted.

        What is in memory counts while nobody committed anything: a reset takes the file away and
        then commits, and is seen here by the next request.
        """
        remembered = self._remembered.get(key)
        if remembered is not None and remembered[1] == version and is_permanent is not False:
            return remembered[0]
        cached = self._cache.find(key)
        if cached is None or (is_permanent is False and cached.header.is_permanent):
            self._forget(key)
            return None
        return self._known(key, cached, file, version)

    def _known(
        self, key: str, result: CachedResult, file: StoredFile, version: int
    ) -> Representation:
        word = b"PERMA" if result.header.is_permanent else b"HIT"
        representation = self._represented(key, result, file, word)
        self._remembered.put(key, (representation, version), _ENTRY_BYTES)
        return representation

    def _represented(
        self, key: str, result: CachedResult, file: StoredFile, x_cache: bytes
    ) -> Representation:
        """A result as something to send, with what is told about it."""
        header = result.header
        lines: list[HeaderLine] = [(b"x-cache", x_cache)]
        if header.width:
            lines += [
                header_line("x-image-width", str(header.width)),
                header_line("x-image-height", str(header.height)),
                header_line("x-image-format", header.mime.removeprefix("image/")),
            ]
        return with_lines(self._represent(result_file(key, result, file)), lines)

    def _forget(self, key: str) -> None:
        self._remembered.drop(key)
        self._memory.drop(key)

    def forget(self, found: Representation) -> None:
        """A result's bytes have turned out to be gone."""
        self._warm.clear()
        self._forget(found.file.object_id)


class _Look:
    """Looks for the files of one request, each decided upon like the file of the URL."""

    def __init__(
        self, results: Results, account_id: str, principal: Principal, slug: str, version: int
    ) -> None:
        self._results = results
        self._account_id = account_id
        self._principal = principal
        self._slug = slug
        self._version = version

    async def source(self, file: StoredFile) -> Source:
        """The file itself, or the image that a crop file names."""
        if file.details.mime.partition(";")[0] != MIME:
            return Source(file, ())
        if file.details.size_bytes > MAX_BYTES:
            parse_crop_file(b" " * (MAX_BYTES + 1), file.details.path)
        body = await self._results._store.read_whole(  # noqa: SLF001 - one unit
            file.object_id, file.details.size_bytes, file.block_digests
        )
        crop = parse_crop_file(body, file.details.path)
        image = await self._permitted(crop.source, {"filePath": crop.source.text})
        if image.details.mime.partition(";")[0] == MIME:
            raise BytewardError(
                ErrorCode.CORRUPT_INPUT,
                "a crop file names another crop file",
                details={"reason": "invalid_crop_file"},
            )
        return Source(image, crop.pairs)

    async def companions(self, params: ImageParams, at: FilePath) -> dict[str, str]:
        """Objects of the images and fonts that layers name, by the name in the parameter."""
        found: dict[str, str] = {}
        for layer in params.layers:
            if layer.image is not None:
                found[layer.image] = await self._companion("image", layer.image, at)
            font = layer.style.font
            if font is not None and font.lower().endswith(_FONT_SUFFIXES):
                found[font] = await self._companion("font", font, at)
        return found

    async def _companion(self, parameter: str, name: str, at: FilePath) -> str:
        if "://" in name:
            raise refuse(parameter, "not_allowed", name, allowed=["a path in the same account"])
        text = name if name.startswith("/") else "/" + "/".join((*at.parent.segments, name))
        try:
            path = FilePath.parse(text)
        except BytewardError:
            raise refuse(parameter, "malformed", name) from None
        file = await self._permitted(path, {"parameter": parameter, "filePath": path.text})
        return file.object_id

    async def _permitted(self, path: FilePath, details: Mapping[str, str]) -> StoredFile:
        results = self._results
        await results._guard.require(  # noqa: SLF001 - one unit
            self._principal, Action.DOWNLOAD_FILE, path.segments, slug=self._slug
        )
        layers = await results._facts.storage_layers(self._account_id)  # noqa: SLF001 - one unit
        place = place_of(levels_of(layers), path.segments)
        if isinstance(place, ExternalPlace):
            raise external_source()
        kept = FilePath(place.segments)
        found = await results._files.find(self._account_id, kept, self._version)  # noqa: SLF001 - one unit
        if found is None:
            raise BytewardError(
                ErrorCode.FILE_NOT_FOUND, "no file at this path", details=dict(details)
            )
        return found.file


@lru_cache(4096)  # hashing takes longer than all the rest of a warm answer
def _key(
    transformation: tuple[str, str, int],
    path: FilePath,
    object_id: str,
    pairs: Pairs,
    accepted: tuple[str, ...],
    companions: Pairs,
    version: str,
) -> str:
    """The name of a result, from everything that it depends on."""
    parts = [ENGINE, *transformation, path.text, object_id, pairs, accepted]
    return result_key([*parts, companions, version])


def _telling(found: Representation, wanted: Wanted) -> Representation:
    """The result with the names that meant nothing, for whoever misspelt one."""
    ignored = wanted.params.ignored
    if not ignored:
        return found
    names = quote(",".join(ignored), safe=",-_.~")[:_MAX_IGNORED]
    return with_lines(found, [header_line("x-image-ignored-params", names)])


def external_source() -> BytewardError:
    """The refusal of a source that an account keeps in a store of its own."""
    return BytewardError(
        ErrorCode.TRANSFORMATION_FAILED,
        "files in stores of accounts are not transformed; copy the file to internal storage first",
        details={"reason": "external_source"},
    )


def preset_pairs(preset: Preset) -> Pairs:
    """A preset's parameters as a query has them."""
    return tuple((name, _text(value)) for name, value in preset.params)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def result_file(key: str, result: CachedResult, source: StoredFile) -> StoredFile:
    """A result in the form of a stored file, so that everything behind treats it like one."""
    header = result.header
    details = replace(source.details, mime=header.mime, size_bytes=header.size, etag=key[:32])
    return replace(source, object_id=key, details=details, sha256=b"", block_digests=b"")


def _accepted(params: ImageParams, accept: str | None) -> tuple[str, ...]:
    """Formats that the client shows, where that matters; part of the key."""
    if not params.output.is_negotiated:
        return ()
    modern = (OutputFormat.AVIF, OutputFormat.JXL, OutputFormat.WEBP)
    accepted = accepted_formats(accept)
    return tuple(each.value for each in OutputFormat if each in accepted or each not in modern)


def _is_cache_only(pairs: Pairs) -> bool:
    return dict(pairs).get("cache-only", "false").lower() == "true"


class ResultBodies:
    """Results on disk in the form of stored objects, for whoever sends bytes.

    Args:
        cache: where they are.
    """

    def __init__(self, cache: ResultCache) -> None:
        self._cache = cache

    async def read_whole(self, object_id: str, size: int, block_digests: bytes) -> bytes:
        """A small result.

        Raises:
            ObjectMissingError: it is gone.
        """
        _ = size, block_digests
        found = self._cache.find(object_id)
        body = None if found is None else self._cache.read(found)
        if body is None:
            raise ObjectMissingError
        return body

    async def read(
        self, object_id: str, start: int, end: int, block_digests: bytes
    ) -> ObjectReader:
        """A part of a large one, in pieces.

        Raises:
            ObjectMissingError: it is gone.
        """
        _ = block_digests
        found = self._cache.find(object_id)
        if found is None:
            raise ObjectMissingError
        return _pieces(found, start, end)

    def path_of(self, object_id: str) -> str | None:
        """None: a result's file begins with its header."""
        _ = object_id
        return None


async def _pieces(found: CachedResult, start: int, end: int) -> AsyncGenerator[bytes, None]:
    with found.path.open("rb") as file:
        file.seek(found.body_at + start)
        left = end - start
        while left > 0:
            piece = file.read(min(left, _PIECE_BYTES))
            if not piece:
                raise BytewardError(ErrorCode.STORAGE_ERROR, "the result is shorter than it was")
            left -= len(piece)
            yield piece
