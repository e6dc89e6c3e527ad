"""Saving a result: what a URL would answer becomes a file of the account.

Both ends are decided upon before anything is computed: reading the source through the slug, and
writing the destination, where the result goes like any upload.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from byteward.access.model import Principal
from byteward.delivery.authorise import Authorised
from byteward.delivery.cache_policy import Authority
from byteward.delivery.file_cache import FileCache
from byteward.delivery.representation import Representation
from byteward.delivery.request import DeliveryRequest
from byteward.delivery.results import ResultBodies, Results, Wanted, external_source
from byteward.errors import BytewardError, ErrorCode
from byteward.files.copy_rules import Changes, changed_metadata, changed_tags
from byteward.files.file_details import FileDetails
from byteward.files.layer_resolution import ExternalPlace, levels_of, place_of
from byteward.files.mime import default_extension
from byteward.files.path_variables import split_original_name
from byteward.files.resolution import PathDefinition
from byteward.files.tags import join_tags
from byteward.identity.caller import Caller
from byteward.paths import FilePath
from byteward.permissions.facts import Facts
from byteward.storage.port import ObjectMissingError
from byteward.transform.image.formats import FACTS
from byteward.uploads.model import NewFile
from byteward.uploads.publication import Admission, Publication

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What is asked for.

    Attributes:
        request: the URL without `/save`, with the parameters of the body behind its own.
        destination: where the file goes.
        changes: what is said of it otherwise than of the source.
    """

    request: DeliveryRequest
    destination: PathDefinition
    changes: Changes


@dataclass(frozen=True, slots=True)
class Saved:
    """What was made.

    Attributes:
        file: its details.
        json: its contents, if they are JSON.
    """

    file: FileDetails
    json: bytes | None


class ResultSaving:
    """The use case of saving results.

    Args:
        facts: storage layers; refreshed at the start of the request.
        files: look-ups by path.
        results: makes results.
        bodies: reads them.
        publication: makes files.
    """

    def __init__(
        self,
        *,
        facts: Facts,
        files: FileCache,
        results: Results,
        bodies: ResultBodies,
        publication: Publication,
    ) -> None:
        self._facts = facts
        self._files = files
        self._results = results
        self._bodies = bodies
        self._publication = publication

    async def save(self, caller: Caller, asked: SaveResult, version: int) -> Saved:
        """Make the result and store it; durable when this returns.

        Args:
            caller: who may read the source, which was decided.
            asked: what is wanted.
            version: the database's change stamp, taken at the start of the request.

        Raises:
            BytewardError: what delivery and uploads raise.
        """
        request = asked.request
        wanted = await self._results.wanted(request.account_id, request.slug, request.pairs)
        path = await self._kept_path(request)
        source = await self._files.find(request.account_id, path, version)
        expected = _expected_mime(wanted, None if source is None else source.file.details)
        await self._admit(caller, asked, source, expected)
        if source is None:
            raise BytewardError(
                ErrorCode.FILE_NOT_FOUND,
                "no file at this path",
                details={"filePath": request.path.text},
            )
        may = _may(request, caller.principal)
        result = await self._results.find(may, wanted, source, None, version)
        try:
            return await self._store(caller, asked, source, result)
        except ObjectMissingError:
            # Evicted between its making and its reading.
            self._results.forget(result)
            result = await self._results.find(may, wanted, source, None, version)
            return await self._store(caller, asked, source, result)

    async def _kept_path(self, request: DeliveryRequest) -> FilePath:
        levels = levels_of(await self._facts.storage_layers(request.account_id))
        place = place_of(levels, request.path.segments)
        if isinstance(place, ExternalPlace):
            raise external_source()
        return FilePath(place.segments)

    async def _admit(
        self, caller: Caller, asked: SaveResult, source: Representation | None, mime: str
    ) -> Admission:
        """Ask whether the file may be stored.

        A missing source is told only to whom the destination is allowed, as it is on uploads.
        """
        details = None if source is None else source.file.details
        changes = asked.changes
        new = NewFile(
            definition=asked.destination,
            mime=mime,
            original_file_name=_name(asked.request.path, details, mime),
            tags=changes.named_tags,
            metadata=changed_metadata(
                "{}" if details is None else details.metadata, changes.metadata
            ),
        )
        admission = await self._publication.admit(caller, new, None)
        own = () if details is None else changed_tags(details.tags, changes.tags)
        return replace(admission, tags=join_tags(own, admission.tags))

    async def _store(
        self, caller: Caller, asked: SaveResult, source: Representation, result: Representation
    ) -> Saved:
        file, size = result.file, result.size_bytes
        admission = await self._admit(caller, asked, source, file.details.mime)
        contents = None
        if file.details.mime.partition(";")[0] == JSON:
            contents = await self._bodies.read_whole(file.object_id, size, b"")
        pieces = await self._bodies.read(file.object_id, 0, size, b"")
        stored = await self._publication.receive(admission, pieces)
        details = await self._publication.publish(admission, stored, stored.md5.hex())
        return Saved(details, contents)


def _may(request: DeliveryRequest, principal: Principal) -> Authorised:
    return Authorised(request, Authority.CREDENTIAL, principal)


def _expected_mime(wanted: Wanted, source: FileDetails | None) -> str:
    """The result's type as far as it can be told before it is made."""
    formats = wanted.params.output.formats
    if formats:
        return FACTS[formats[0]].mime
    return "" if source is None else source.mime


def _name(path: FilePath, source: FileDetails | None, mime: str) -> str:
    """The source's own name with the extension of the result."""
    told = None if source is None else source.original_file_name
    base, extension = split_original_name(told or path.name)
    return base + (default_extension(mime) or extension)
