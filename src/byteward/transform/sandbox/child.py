"""The process that decodes: one job after the other, with nothing but what each job brings."""

from __future__ import annotations

import mmap
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.image.engine import foreign
from byteward.transform.image.engine.library import start_library
from byteward.transform.image.engine.render import Job, Result, render
from byteward.transform.image.formats import OutputFormat
from byteward.transform.image.params import parse_params
from byteward.transform.sandbox.confinement import Bounds, confine
from byteward.transform.sandbox.messages import Answer, JobMessage, StartMessage, receive, send

READABLE: Final = (
    Path("/etc/fonts"),
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/usr/share/fontconfig"),
    Path("/usr/lib"),
    Path("/lib"),
)
"""Fonts and their configuration, and libraries that are loaded late."""

_FONT_MAGIC: Final = (b"\0\1\0\0", b"OTTO", b"true")
_DECODER: Final = msgspec.json.Decoder(JobMessage)


def run_child(sock: socket.socket, start: StartMessage, libraries: Sequence[Path]) -> None:
    """Confine this process, then answer jobs until the other end goes away.

    Args:
        sock: to the server.
        start: bounds.
        libraries: where Python's own and this package's files are.
    """
    folder = Path(start.folder)
    os.chdir(folder)
    start_library(threads=start.threads)
    foreign.start()
    in_force = confine(
        Bounds(start.address_space_bytes, start.cpu_seconds, start.file_bytes),
        readable=(*READABLE, *libraries),
        writable=folder,
        requires=start.requires,
    )
    send(sock, Answer(confinement=in_force))
    while True:
        data, descriptors = receive(sock)
        if not data:
            return
        try:
            answer = _answered(data, descriptors, folder)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        send(sock, answer)


def _answered(data: bytes, descriptors: Sequence[int], folder: Path) -> Answer:
    try:
        message = _DECODER.decode(data)
        result = _render(message, descriptors, folder)
        _write(descriptors[-1], result.body)
    except BytewardError as error:
        return Answer(code=error.code.value, message=error.message, details=_details(error))
    except MemoryError:
        return Answer(
            code=ErrorCode.TRANSFORMATION_FAILED.value,
            message="the image needs more memory than a transformation may use",
            details={"reason": "too_many_pixels"},
        )
    return Answer(
        mime=result.mime,
        size=len(result.body),
        width=result.width,
        height=result.height,
        is_reduced=result.is_reduced,
    )


def _details(error: BytewardError) -> dict[str, object] | None:
    return None if error.details is None else dict(error.details)


def _render(message: JobMessage, descriptors: Sequence[int], folder: Path) -> Result:
    files = [_mapped(descriptor) for descriptor in descriptors[:-1]]
    companions = dict(zip(message.companions, files[1:], strict=True))
    return render(
        Job(
            data=files[0],
            params=parse_params(message.pairs, max_layers=message.max_layers),
            accepted=frozenset(OutputFormat(each) for each in message.accepted),
            limits=message.limits,
            secondary=companions,
            font_files=_font_files(companions, folder),
        )
    )


def _mapped(descriptor: int) -> memoryview:
    """A file's bytes without reading them into memory."""
    if os.fstat(descriptor).st_size == 0:
        return memoryview(b"")
    return memoryview(mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ))


def _font_files(companions: Mapping[str, memoryview], folder: Path) -> dict[str, str]:
    """Fonts as files of this process's own folder, where the text library can open them."""
    found = {}
    for index, (name, data) in enumerate(companions.items()):
        if bytes(data[:4]) in _FONT_MAGIC:
            path = folder / f"font-{index}.ttf"
            path.write_bytes(data)
            found[name] = str(path)
    return found


def _write(descriptor: int, body: bytes) -> None:
    view = memoryview(body)
    while view:
        view = view[os.write(descriptor, view) :]
