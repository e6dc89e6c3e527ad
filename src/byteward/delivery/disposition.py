"""The headers that make strangers' files harmless (pure): type, disposition, sandbox.

SECURITY: a browser runs what it takes for a page. So every file goes out with `nosniff` (the edge
adds it), with a type that was taken apart and put together again, and, unless that type is known to
be inert, inside a sandbox with an origin of its own and without scripts.
"""

from __future__ import annotations

import re
from typing import Final, Literal
from urllib.parse import quote

from byteward.header_lines import HeaderLine, header_line

OCTET_STREAM: Final = "application/octet-stream"

SANDBOX_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'none'; base-uri 'none'"
)

MAX_ASCII_NAME_BYTES: Final = 100

DangerousTypes = Literal["sandbox", "download", "allow"]

_TOKEN: Final = r"[A-Za-z0-9!#$&^_.+-]{1,127}"  # noqa: S105 - RFC 9110's word for a name
_TYPE: Final = re.compile(rf"({_TOKEN})/({_TOKEN})", re.ASCII)
_QUOTED: Final = r'"([!#-\[\]-~ ]{0,200})"'
_PARAMETER: Final = re.compile(rf"[ \t]*({_TOKEN})=(?:({_TOKEN})|{_QUOTED})[ \t]*")
_KEPT_PARAMETERS: Final = frozenset({"charset", "codecs", "profile"})

_INERT_MAIN_TYPES: Final = frozenset({"audio", "video", "font"})
_INERT_TYPES: Final = frozenset(
    {
        OCTET_STREAM,
        "application/gzip",
        "application/json",
        "application/pdf",
        "application/vnd.apple.mpegurl",
        "application/vnd.rar",
        "application/x-7z-compressed",
        "application/x-bzip2",
        "application/x-mpegurl",
        "application/x-tar",
        "application/x-xz",
        "application/zip",
        "image/apng",
        "image/avif",
        "image/bmp",
        "image/gif",
        "image/heic",
        "image/heic-sequence",
        "image/heif",
        "image/heif-sequence",
        "image/jp2",
        "image/jpeg",
        "image/jpg",
        "image/jxl",
        "image/pjpeg",
        "image/png",
        "image/tiff",
        "image/vnd.adobe.photoshop",
        "image/vnd.microsoft.icon",
        "image/webp",
        "image/x-icon",
        "image/x-ms-bmp",
        "text/csv",
        "text/plain",
    }
)

# Controls, quotes, backslash, separators of paths and parameters, and marks that turn text around.
_UNSAFE_IN_NAME: Final = re.compile(
    '[\x00-\x1f\x7f-\x9f"\\\\/%;\u200e\u200f\u2028-\u202e\u2066-\u2069]|[^\x20-\x7e]'
)
_RFC8187_SAFE: Final = "!#$&+-.^_`|~"


def content_type(stored: str) -> str:
    """The media type to send: parsed, vetted and written anew.

    What does not parse, and multipart types (which browsers take apart), become
    `application/octet-stream`. Parameters that nobody needs are dropped.
    """
    head, *rest = stored.split(";")
    match = _TYPE.fullmatch(head.strip(" \t"))
    if match is None or match[1].lower() == "multipart":
        return OCTET_STREAM
    written = f"{match[1]}/{match[2]}".lower()
    for text in rest:
        parameter = _PARAMETER.fullmatch(text)
        if parameter is None:
            continue
        name = parameter[1].lower()
        if name in _KEPT_PARAMETERS:
            value = parameter[2] if parameter[3] is None else f'"{parameter[3]}"'
            written += f"; {name}={value}"
    return written


def is_inert(media_type: str) -> bool:
    """Whether no browser runs, renders as a page, or takes a script out of this type."""
    essence = media_type.partition(";")[0].strip(" \t").lower()
    return essence in _INERT_TYPES or essence.partition("/")[0] in _INERT_MAIN_TYPES


def attachment(name: str) -> str:
    """Content-Disposition of a download (RFC 6266, RFC 8187).

    `filename` is an ASCII rendering for old clients, `filename*` the exact name.
    """
    ascii_name = _UNSAFE_IN_NAME.sub("_", name)[:MAX_ASCII_NAME_BYTES].strip(" ") or "download"
    exact = quote(name, safe=_RFC8187_SAFE)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{exact}"


def content_headers(
    stored_type: str,
    name: str,
    *,
    is_download: bool,
    dangerous_types: DangerousTypes,
    is_single_origin: bool = False,
) -> list[HeaderLine]:
    """Content-Type, and Content-Disposition and Content-Security-Policy where they are due.

    Args:
        stored_type: the type that the uploader declared.
        name: the file's name, for a download.
        is_download: the URL asks for an attachment.
        dangerous_types: what is done to types that are not inert.
        is_single_origin: user files share the origin of the API, so that nothing may be shown.
    """
    media_type = content_type(stored_type)
    lines = [header_line("content-type", media_type)]
    is_active = not is_inert(media_type)
    if is_active and (is_single_origin or dangerous_types == "download"):
        is_download = True
    if is_download:
        lines.append(header_line("content-disposition", attachment(name)))
    if is_single_origin or (is_active and dangerous_types != "allow"):
        lines.append(header_line("content-security-policy", SANDBOX_POLICY))
    return lines
