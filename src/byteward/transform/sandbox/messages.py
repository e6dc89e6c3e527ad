"""What passes between the server and the processes that decode: small JSON, and descriptors."""

from __future__ import annotations

import array
import socket
from collections.abc import Sequence
from typing import Final

import msgspec

from byteward.transform.image.limits import ImageLimits

MAX_MESSAGE_BYTES: Final = 512 * 1024
"""A request with 400 KB of parameters fits; every answer is far smaller."""

MAX_DESCRIPTORS: Final = 24


class StartMessage(msgspec.Struct, frozen=True):
    """Asks the template process for a child; its end of a socket comes along.

    Attributes:
        folder: empty folder that the child may write to.
        address_space_bytes: bound of memory.
        cpu_seconds: bound of processor time over all its jobs.
        file_bytes: bound of a file that it writes.
        requires: mechanisms of confinement that must be in force.
        threads: for one operation of the library.
    """

    folder: str
    address_space_bytes: int
    cpu_seconds: int
    file_bytes: int
    requires: tuple[str, ...]
    threads: int


class JobMessage(msgspec.Struct, frozen=True):
    """One transformation. Descriptors come along: the file, its companions, then the result.

    Attributes:
        pairs: decoded query pairs, in order.
        accepted: formats that the client shows.
        limits: bounds of the image.
        companions: names of the images and fonts that layers use, in the order of descriptors.
        max_layers: most layers.
    """

    pairs: tuple[tuple[str, str], ...]
    accepted: tuple[str, ...]
    limits: ImageLimits
    companions: tuple[str, ...] = ()
    max_layers: int = 20


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a job, or of a start.

    Attributes:
        mime: media type of the result; empty when there is none.
        size: bytes written to the result's descriptor.
        width: of the result in pixels.
        height: of the result in pixels.
        is_reduced: an animation shows its first frame only.
        ignored: parameters that mean nothing.
        code: error code, when it went wrong.
        message: of the error.
        details: of the error.
        confinement: mechanisms in force, in the answer to a start.
    """

    mime: str = ""
    size: int = 0
    width: int = 0
    height: int = 0
    is_reduced: bool = False
    ignored: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    details: dict[str, object] | None = None
    confinement: tuple[str, ...] = ()


def channel() -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection that keeps messages apart."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * MAX_MESSAGE_BYTES)
    return ends


def send(sock: socket.socket, message: msgspec.Struct, descriptors: Sequence[int] = ()) -> None:
    """Send one message with its descriptors."""
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
    sock.sendmsg([msgspec.json.encode(message)], rights if descriptors else [])


def receive(sock: socket.socket) -> tuple[bytes, list[int]]:
    """One message with its descriptors, which the caller closes; empty when the other end is gone.

    Raises:
        ValueError: the message was longer than it may be.
    """
    room = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
    data, ancillary, flags, _ = sock.recvmsg(MAX_MESSAGE_BYTES, room, socket.MSG_CMSG_CLOEXEC)
    descriptors = array.array("i")
    for level, kind, payload in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(payload[: len(payload) - len(payload) % descriptors.itemsize])
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        raise ValueError("message too long")
    return data, list(descriptors)
