"""The target of a CDN request, parsed once into the value that everything else works on (pure).

`/{account}/{slug}{path}` is followed by a query that starts at the first `?` or, in the path part,
the first `!` (the bang form lets relative links inside a playlist keep the parameters). Route,
decision, look-up and log all use the value made here; nobody looks at the raw target again, save
for the signature check, which needs its exact bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from byteward import ids
from byteward.errors import BytewardError, ErrorCode
from byteward.paths import FilePath, percent_decode

Pairs = tuple[tuple[str, str], ...]
"""Decoded query pairs in the order of the URL; a name may occur more than once."""

RAW: Final = "raw"
"""The slug that hands out a file's own bytes."""

MAX_TTL_SECONDS: Final = 31_536_000
"""One year: RFC 9111's customary meaning of "for ever"; larger lifetimes are cut to it."""

# Three generations of names exist and all of them are still sent.
_CANONICAL: Final = {
    "_cache": "cache",
    "cache_ttl": "cache-ttl",
    "cache_ttl_404": "cache-ttl-404",
    "cache_only": "cache-only",
    "cache_perm": "cache-perm",
    "v": "version",
    "_version": "version",
    "_v": "version",
    "_download": "download",
    "a": "artifact",
    "_artifact": "artifact",
    "_auth": "auth",
}
_NUMBER: Final = re.compile(r"[0-9]{1,19}(?:\.[0-9]{1,19})?", re.ASCII)
# The official client sends these words for parameters that its caller left unset.
_UNSET: Final = frozenset({"undefined", "null"})


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """What a GET or HEAD on the CDN asks for.

    Attributes:
        account_id: seven base58 characters from the URL.
        slug: `raw`, a transformation, or a preset; decoded, not checked for existence.
        path: the effective file path: the parameter `path` if given, else the URL's.
        url_path: the path written in the URL.
        pairs: the whole query, names in their canonical spelling.
        is_cacheable: False when `cache=false` asks for no caching at all.
        cache_ttl: `cache-ttl` in whole seconds, None when the account's setting counts.
        cache_ttl_404: the same for answers that say "not found".
        is_permanent: whether a result is kept until a reset of permanent ones; None: by its cost.
        is_versioned: the URL names a version, so its content never changes.
        is_download: `download=true` asks for an attachment.
        exp: text of the parameter `exp`, None when absent; read by `identity`.
        has_secure_parameters: `sig` or `enc` is present, so the URL itself is the credential.
        enc: text of the parameter `enc`, None when absent or already decrypted.
    """

    account_id: str
    slug: str
    path: FilePath
    url_path: FilePath
    pairs: Pairs
    is_cacheable: bool = True
    cache_ttl: int | None = None
    cache_ttl_404: int | None = None
    is_permanent: bool | None = None
    is_versioned: bool = False
    is_download: bool = False
    exp: str | None = None
    has_secure_parameters: bool = False
    enc: str | None = None

    def with_decrypted_query(self, query: bytes, *, max_pairs: int) -> DeliveryRequest:
        """The request that the plaintext of `enc` describes; it replaces the clear query whole.

        Raises:
            BytewardError: as `parse_request`, for what the plaintext says.
        """
        pairs = _parse_pairs(query, max_pairs)
        if any(name in {"enc", "sig"} for name, _ in pairs):
            raise _refuse("enc", "its plaintext holds another `sig` or `enc`")
        request = _apply(replace(self, path=self.url_path), pairs)
        return replace(request, has_secure_parameters=True, enc=None)


def parse_request(
    raw_path: bytes, query_string: bytes, *, max_url_bytes: int, max_pairs: int
) -> DeliveryRequest:
    """Read a request target as it stood on the wire.

    Args:
        raw_path: the target up to the first `?`, undecoded.
        query_string: what follows that `?`, undecoded.
        max_url_bytes: longest target, `?` included.
        max_pairs: most query pairs.

    Raises:
        BytewardError: `url_too_long`; `check_path` for a target that is not of the grammar;
            `account_not_found` for an account id that cannot exist; `method_not_allowed` for
            `/save/`, which is no slug; `invalid_path_encoding`, `invalid_path` and
            `invalid_parameter`.
    """
    if len(raw_path) + len(query_string) + bool(query_string) > max_url_bytes:
        raise BytewardError(
            ErrorCode.URL_TOO_LONG, f"path and query are longer than {max_url_bytes} bytes"
        )
    raw_path, bang, bang_query = raw_path.partition(b"!")
    if bang:
        query_string = bang_query + b"&" + query_string
    parts = raw_path.split(b"/", 3)
    if len(parts) < _PARTS_WITH_SLUG or parts[0]:
        raise BytewardError(ErrorCode.CHECK_PATH, "no such route, check the path of the URL")
    account_id = parts[1].decode("latin-1")
    if not ids.ACCOUNT_ID.fullmatch(account_id):
        raise BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, "no such account, check the URL")
    if parts[2] == b"save":
        raise BytewardError(
            ErrorCode.METHOD_NOT_ALLOWED,
            "this route takes POST",
            headers={"allow": "POST, OPTIONS"},
        )
    file_part = parts[3] if len(parts) > _PARTS_WITH_SLUG else b""
    path = FilePath.parse("/" + percent_decode(file_part))
    request = DeliveryRequest(account_id, percent_decode(parts[2]), path, path, ())
    return _apply(request, _parse_pairs(query_string, max_pairs)) if query_string else request


_PARTS_WITH_SLUG: Final = 3


def _parse_pairs(query: bytes, max_pairs: int) -> Pairs:
    """Split on `&` and at the first `=`, decode both halves once; `+` stays a plus."""
    chunks = [chunk for chunk in query.split(b"&", max_pairs + 1) if chunk]
    if len(chunks) > max_pairs:
        raise _refuse("*", f"the query has more than {max_pairs} pairs")
    pairs = []
    for chunk in chunks:
        raw_name, _, raw_value = chunk.partition(b"=")
        name = percent_decode(raw_name)
        pairs.append((_CANONICAL.get(name, name), percent_decode(raw_value)))
    return tuple(pairs)


def _apply(request: DeliveryRequest, pairs: Pairs) -> DeliveryRequest:
    """Read the parameters that every slug shares. The last one of a name counts."""
    last = dict(pairs)
    enc = last.get("enc")
    if enc is not None and len(pairs) > 1:
        # SECURITY: a clear parameter beside `enc` is not covered by its authentication tag.
        raise _refuse("enc", "no other parameter may stand beside it")
    path = request.path
    if "path" in last:
        if sum(name == "path" for name, _ in pairs) > 1:
            raise _refuse("path", "it may occur only once")
        path = FilePath.parse(last["path"])
    return replace(
        request,
        path=path,
        pairs=pairs,
        is_cacheable=_flag(last, "cache", default=True),
        cache_ttl=_seconds(last, "cache-ttl"),
        cache_ttl_404=_seconds(last, "cache-ttl-404"),
        is_permanent=_permanence(last),
        is_versioned="version" in last,
        is_download=_flag(last, "download", default=False),
        exp=last.get("exp"),
        has_secure_parameters=enc is not None or "sig" in last,
        enc=enc,
    )


def _flag(parameters: dict[str, str], name: str, *, default: bool) -> bool:
    text = parameters.get(name)
    if text is None or text in _UNSET:
        return default
    lowered = text.lower()
    if lowered not in {"true", "false"}:
        raise _refuse(name, "must be `true` or `false`", text)
    return lowered == "true"


def _permanence(parameters: dict[str, str]) -> bool | None:
    text = parameters.get("cache-perm")
    if text is None or text in _UNSET or text.lower() == "auto":
        return None
    if text.lower() not in {"true", "false"}:
        raise _refuse("cache-perm", "must be `true`, `false` or `auto`", text)
    return text.lower() == "true"


def _seconds(parameters: dict[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None or text in _UNSET:
        return None
    if not _NUMBER.fullmatch(text):
        raise _refuse(name, "must be a number of seconds, 0 or more", text)
    return min(int(text.partition(".")[0]), MAX_TTL_SECONDS)


def _refuse(name: str, reason: str, value: str | None = None) -> BytewardError:
    details = {"parameter": name, "reason": reason}
    if value is not None:
        details["value"] = value[:100]
    return BytewardError(
        ErrorCode.INVALID_PARAMETER, f"invalid parameter `{name}`: {reason}", details=details
    )
