"""The template process: loads libvips once and forks a child whenever one is wanted.

Forking takes milliseconds where starting Python and libvips takes hundreds. The template opens no
file of a user, has one thread, and ends with its parent.

Run as `python -m byteward.transform.sandbox.zygote DESCRIPTOR`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import sys
import sysconfig
from pathlib import Path
from typing import Final

import msgspec

from byteward.transform.sandbox.child import run_child  # loads libvips, for every child
from byteward.transform.sandbox.messages import StartMessage, receive

_PR_SET_PDEATHSIG: Final = 1
_NICENESS: Final = 5
_ENVIRONMENT: Final = ("LANG", "LC_ALL", "LC_CTYPE", "PATH", "HOME", "FONTCONFIG_PATH")
_DECODER: Final = msgspec.json.Decoder(StartMessage)


def main() -> None:
    """Fork a child for each message until the other end goes away."""
    sock = socket.socket(fileno=int(sys.argv[1]))
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps children
    for name in set(os.environ) - set(_ENVIRONMENT):
        del os.environ[name]
    while True:
        data, descriptors = receive(sock)
        if not data:
            return
        (end,) = descriptors
        pid = os.fork()
        if pid == 0:
            sock.close()
            _become_child(end, _DECODER.decode(data))
        handle = os.pidfd_open(pid)
        socket.send_fds(sock, [b"forked"], [handle])
        os.close(handle)
        os.close(end)


def _become_child(descriptor: int, start: StartMessage) -> None:
    """Run a child to its end; never returns."""
    with contextlib.suppress(BaseException):
        os.setsid()
        _die_with_parent()
        os.nice(_NICENESS)
        silence = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1):
            os.dup2(silence, standard)
        os.close(silence)
        run_child(socket.socket(fileno=descriptor), start, _libraries())
    os._exit(0)


def _libraries() -> list[Path]:
    paths = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platlib", "purelib")}
    return [*paths, Path(__file__).parents[3]]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    main()
