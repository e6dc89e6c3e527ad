"""Media types: what may be stored as one, and the file extension of each well-known one (pure).

The extension table is pinned here, because the platform's own table differs between hosts and a
path, once given, cannot follow an update.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

MIN_LENGTH: Final = 3
MAX_LENGTH: Final = 255
PATTERN: Final = r"^[a-zA-Z0-9]+/[a-zA-Z0-9+\-._]+(?:;[^=]+=[^;]+)*$"
"""The protocol's pattern, as validation errors quote it."""

OCTET_STREAM: Final = "application/octet-stream"
"""The type of a file that nobody named one for."""

# SECURITY: the protocol's pattern lets line breaks and other controls into a parameter. The value
# becomes a response header, so only visible ASCII and spaces are taken.
_GRAMMAR: Final = re.compile(r"[a-zA-Z0-9]+/[a-zA-Z0-9+\-._]+(?:;[^=]+=[^;]+)*", re.ASCII)
_VISIBLE: Final = re.compile(r"[\x20-\x7e]+", re.ASCII)
_SPACE_AROUND_SEMICOLON: Final = re.compile(r"[ \t]*;[ \t]*", re.ASCII)


def parse_mime(text: str) -> str | None:
    """The media type as it is stored, or None when `text` is not one.

    Optional white space around `;` (RFC 9110 §5.6.6) is dropped; case and parameters are kept.
    """
    mime = _SPACE_AROUND_SEMICOLON.sub(";", text.strip(" \t"))
    if not MIN_LENGTH <= len(mime) <= MAX_LENGTH or not _VISIBLE.fullmatch(mime):
        return None
    return mime if _GRAMMAR.fullmatch(mime) else None


def default_extension(mime: str) -> str:
    """`.jpeg` for `image/jpeg`; empty for unknown types and for `application/octet-stream`."""
    extension = EXTENSIONS.get(mime.partition(";")[0].lower())
    return f".{extension}" if extension else ""


EXTENSIONS: Final[Mapping[str, str]] = {
    "application/atom+xml": "atom",
    "application/epub+zip": "epub",
    "application/gzip": "gz",
    "application/java-archive": "jar",
    "application/javascript": "js",
    "application/json": "json",
    "application/json5": "json5",
    "application/ld+json": "jsonld",
    "application/manifest+json": "webmanifest",
    "application/mp4": "mp4",
    "application/msword": "doc",
    "application/ogg": "ogx",
    "application/pdf": "pdf",
    "application/pgp-signature": "asc",
    "application/postscript": "ai",
    "application/rss+xml": "rss",
    "application/rtf": "rtf",
    "application/sql": "sql",
    "application/toml": "toml",
    "application/vnd.android.package-archive": "apk",
    "application/vnd.apple.keynote": "key",
    "application/vnd.apple.mpegurl": "m3u8",
    "application/vnd.apple.numbers": "numbers",
    "application/vnd.apple.pages": "pages",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-fontobject": "eot",
    "application/vnd.ms-outlook": "msg",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.rar": "rar",
    "application/wasm": "wasm",
    "application/x-7z-compressed": "7z",
    "application/x-bzip2": "bz2",
    "application/x-iso9660-image": "iso",
    "application/x-sh": "sh",
    "application/x-sqlite3": "sqlite",
    "application/x-tar": "tar",
    "application/x-xz": "xz",
    "application/xhtml+xml": "xhtml",
    "application/xml": "xml",
    "application/yaml": "yaml",
    "application/zip": "zip",
    "audio/aac": "aac",
    "audio/amr": "amr",
    "audio/flac": "flac",
    "audio/midi": "mid",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/mpeg": "mpga",
    "audio/ogg": "oga",
    "audio/opus": "opus",
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/webm": "weba",
    "audio/x-aiff": "aif",
    "audio/x-flac": "flac",
    "audio/x-m4a": "m4a",
    "audio/x-ms-wma": "wma",
    "audio/x-wav": "wav",
    "font/collection": "ttc",
    "font/otf": "otf",
    "font/ttf": "ttf",
    "font/woff": "woff",
    "font/woff2": "woff2",
    "image/apng": "apng",
    "image/avif": "avif",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/heic-sequence": "heics",
    "image/heif": "heif",
    "image/heif-sequence": "heifs",
    "image/jp2": "jp2",
    "image/jpeg": "jpeg",
    "image/jpg": "jpg",
    "image/jxl": "jxl",
    "image/ktx2": "ktx2",
    "image/pjpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tif",
    "image/vnd.adobe.photoshop": "psd",
    "image/vnd.microsoft.icon": "ico",
    "image/webp": "webp",
    "image/x-icon": "ico",
    "image/x-ms-bmp": "bmp",
    "message/rfc822": "eml",
    "model/gltf+json": "gltf",
    "model/gltf-binary": "glb",
    "model/obj": "obj",
    "model/stl": "stl",
    "text/cache-manifest": "appcache",
    "text/calendar": "ics",
    "text/css": "css",
    "text/csv": "csv",
    "text/html": "html",
    "text/javascript": "js",
    "text/jsx": "jsx",
    "text/markdown": "md",
    "text/mathml": "mml",
    "text/plain": "txt",
    "text/richtext": "rtx",
    "text/rtf": "rtf",
    "text/tab-separated-values": "tsv",
    "text/vcard": "vcard",
    "text/vtt": "vtt",
    "text/xml": "xml",
    "text/yaml": "yaml",
    "video/3gpp": "3gp",
    "video/3gpp2": "3g2",
    "video/mp2t": "ts",
    "video/mp4": "mp4",
    "video/mpeg": "mpeg",
    "video/ogg": "ogv",
    "video/quicktime": "qt",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/x-m4v": "m4v",
    "video/x-matroska": "mkv",
    "video/x-ms-wmv": "wmv",
    "video/x-msvideo": "avi",
}
