"""File and folder paths: grammar, segments, ancestors and URL form (pure).

A path is a tuple of segments, compared code point by code point. Nothing is normalised: case,
Unicode form, empty segments and a trailing slash are part of the name, so two spellings are two
files, judged apart. What could mean something else to another layer (`.` and `..` segments,
control characters, unpaired surrogates) is refused before any permission is looked at.

SECURITY: permission checks compare segment tuples. Prefix tests on path text match `/users/u10`
with `/users/u1` and are the most common path hole of file servers; there are none outside here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote

from byteward.errors import BytewardError, ErrorCode

MAX_CODE_POINTS: Final = 512
MAX_UTF8_BYTES: Final = 1536

# C0, DEL, C1 and surrogates: invisible, terminal-active, or not encodable.
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
# What JavaScript's encodeURIComponent leaves alone, less `!` (the CDN's query delimiter), and `/`.
_URL_SAFE: Final = "/~*'()"


def _refuse(text: str, reason: str) -> BytewardError:
    shown = text[:MAX_CODE_POINTS].encode("utf-8", "backslashreplace").decode()
    return BytewardError(
        ErrorCode.INVALID_PATH, f"invalid path: {reason}", details={"path": shown, "reason": reason}
    )


def parse_segments(text: str) -> tuple[str, ...]:
    """Split an absolute path into its segments; `/` has none.

    Raises:
        BytewardError: `invalid_path`, with the reason, when a rule of the module docstring or a
            limit (512 code points, 1,536 UTF-8 bytes) is broken.
    """
    if not text.startswith("/"):
        raise _refuse(text, "it must start with `/`")
    if len(text) > MAX_CODE_POINTS:
        raise _refuse(text, f"it is longer than {MAX_CODE_POINTS} characters")
    if _FORBIDDEN.search(text):
        raise _refuse(text, "it contains a control character or an unpaired surrogate")
    if not text.isascii() and len(text.encode()) > MAX_UTF8_BYTES:
        raise _refuse(text, f"it is longer than {MAX_UTF8_BYTES} bytes in UTF-8")
    if text == "/":
        return ()
    segments = tuple(text[1:].split("/"))
    if "." in segments or ".." in segments:
        raise _refuse(text, "it contains a `.` or `..` segment")
    if not segments[0]:
        # An unnamed folder in the root would be written `/`, like the root itself.
        raise _refuse(text, "it starts with `//`")
    return segments


@dataclass(frozen=True, slots=True)
class FolderPath:
    """The path of a folder; the root has no segments, an unnamed folder has an empty last one."""

    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an absolute folder path as it stands; see `parse_segments` for what is refused."""
        return cls(parse_segments(text))

    @property
    def text(self) -> str:
        """The path as users write it: `/` or `/a/b`."""
        return "/" + "/".join(self.segments)

    @property
    def parent(self) -> FolderPath | None:
        """The folder above, or None for the root."""
        return FolderPath(self.segments[:-1]) if self.segments else None

    def with_ancestors(self) -> Iterator[FolderPath]:
        """This folder, then each one above it, nearest first, ending with the root."""
        for length in range(len(self.segments), -1, -1):
            yield FolderPath(self.segments[:length])

    def file(self, name: str) -> FilePath:
        """The path of the file `name` in this folder.

        Raises:
            BytewardError: `invalid_path`, as for any path.
        """
        return FilePath.parse(("/" if not self.segments else self.text + "/") + name)

    def __str__(self) -> str:
        return self.text


ROOT: Final = FolderPath(())


@dataclass(frozen=True, slots=True)
class FilePath:
    """The path of a file: at least one segment. `/a/` is the file with the empty name in `/a`."""

    segments: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an absolute file path.

        Raises:
            BytewardError: `invalid_path`; the root is a folder, so it is refused too.
        """
        segments = parse_segments(text)
        if not segments:
            raise _refuse(text, "`/` is the root folder, not a file")
        return cls(segments)

    @property
    def text(self) -> str:
        """The path as users write it: `/a/b.jpg`."""
        return "/" + "/".join(self.segments)

    @property
    def name(self) -> str:
        """The last segment."""
        return self.segments[-1]

    @property
    def parent(self) -> FolderPath:
        """The folder that holds the file."""
        return FolderPath(self.segments[:-1])

    @property
    def has_name(self) -> bool:
        """Whether the last segment is not empty; files without a name cannot be created."""
        return self.segments[-1] != ""

    def __str__(self) -> str:
        return self.text


def percent_decode(raw: bytes) -> str:
    """Decode the percent-encoded path of a URL once, as UTF-8; `+` stays a plus.

    Raises:
        BytewardError: `invalid_path_encoding` for a lone or malformed `%` and for bytes that are
            not UTF-8. SECURITY: a lenient decoder turns two names into one.
    """
    if b"%" in raw:
        if _BAD_ESCAPE.search(raw):
            raise BytewardError(
                ErrorCode.INVALID_PATH_ENCODING,
                "invalid path encoding: a `%` without two hex digits",
            )
        raw = _ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), raw)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BytewardError(
            ErrorCode.INVALID_PATH_ENCODING, "invalid path encoding: not UTF-8"
        ) from None


def url_path(path: FilePath | FolderPath) -> str:
    """The path as the official client writes it into a URL.

    encodeURIComponent, then `/` restored and `!` encoded, so that string equality with the
    client's URLs holds.
    """
    return quote(path.text, safe=_URL_SAFE)
