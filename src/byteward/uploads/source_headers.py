"""What the headers of a fetched file say about it: its type and its name (pure).

They are written by a server that nobody vouches for, so both are brought into the form that a
client of ours could have sent, or are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from byteward.files.mime import OCTET_STREAM, parse_mime

MAX_NAME: Final = 255

_NAME: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER: Final = re.compile(rf';[ \t]*({_NAME})[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^;"]*)')
# RFC 8187 §3.2: charset'language'value.
_EXTENDED: Final = re.compile(
    r"(utf-8|iso-8859-1)'[A-Za-z0-9-]*'((?:[^%]|%[0-9A-Fa-f]{2})+)", re.IGNORECASE
)
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_SEPARATORS: Final = re.compile(r"[/\\]")
_INVISIBLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def mime_of(content_type: str | None) -> str:
    """The media type of a Content-Type header, less the parameters that cannot be stored."""
    essence, *parameters = (content_type or "").split(";")
    mime = parse_mime(essence)
    if mime is None:
        return OCTET_STREAM
    for parameter in parameters:
        mime = parse_mime(f"{mime};{parameter}") or mime
    return mime


def file_name_of(disposition: str | None) -> str | None:
    """The file name of a Content-Disposition header (RFC 6266), without any folder.

    `filename*` counts before `filename`, of a repeated parameter the first.
    """
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(disposition or ""):
        found.setdefault(match[1].lower(), match[2].strip(" \t"))
    for name in (_extended(found), _plain(found)):
        cleaned = None if name is None else _cleaned(name)
        if cleaned is not None:
            return cleaned
    return None


def _extended(parameters: Mapping[str, str]) -> str | None:
    match = _EXTENDED.fullmatch(parameters.get("filename*", ""))
    if match is None:
        return None
    raw = _ESCAPE.sub(lambda escape: bytes((int(escape[1], 16),)), match[2].encode("latin-1"))
    try:
        return raw.decode(match[1])
    except UnicodeDecodeError:
        return None


def _plain(parameters: Mapping[str, str]) -> str | None:
    value = parameters.get("filename")
    if value is None:
        return None
    if value.startswith('"'):
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        # Headers are read as Latin-1; most servers that send more than ASCII mean UTF-8.
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return value


def _cleaned(name: str) -> str | None:
    name = _INVISIBLE.sub("", _SEPARATORS.split(name)[-1])[:MAX_NAME]
    return None if name in {"", ".", ".."} else name
