"""Takes every right away from this process that decoding a file does not need.

SECURITY: files come from anybody, and decoders of images have had holes that ran code. So the
process that decodes can open no file but those it was given and the fonts and libraries of the
system (Landlock), can make no socket and start no program (seccomp), and has bounds on memory,
time, files and size. What is taken here cannot be got back.

Sources: landlock(7), seccomp(2), prctl(2), setrlimit(2).
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIMITS: Final = "limits"
LANDLOCK: Final = "landlock"
SECCOMP: Final = "seccomp"
ALL: Final = (LIMITS, LANDLOCK, SECCOMP)


class ConfinementError(Exception):
    """The kernel does not offer what is asked for."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the process may use.

    Attributes:
        address_space_bytes: memory, mapped files included.
        cpu_seconds: processor time of the whole process.
        file_bytes: size of a file that it writes.
        open_files: descriptors.
    """

    address_space_bytes: int
    cpu_seconds: int
    file_bytes: int
    open_files: int = 32


def confine(
    bounds: Bounds, *, readable: Iterable[Path], writable: Path, requires: Iterable[str] = ALL
) -> tuple[str, ...]:
    """Confine this process for good; the mechanisms that are in force.

    Args:
        bounds: see `Bounds`.
        readable: trees that may be read; those that do not exist are left out.
        writable: the one folder that may be written.
        requires: mechanisms without which the process must not go on.

    Raises:
        ConfinementError: a required mechanism is missing.
    """
    _limit(bounds)
    in_force = [LIMITS]
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        if _landlock(libc, readable, writable):
            in_force.append(LANDLOCK)
        if _seccomp(libc):
            in_force.append(SECCOMP)
    missing = [name for name in requires if name not in in_force]
    if missing:
        raise ConfinementError(f"this kernel does not offer: {', '.join(missing)}")
    return tuple(in_force)


def _limit(bounds: Bounds) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, bounds.address_space_bytes),
        (resource.RLIMIT_CPU, bounds.cpu_seconds),
        (resource.RLIMIT_FSIZE, bounds.file_bytes),
        (resource.RLIMIT_NOFILE, bounds.open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))


_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_SECCOMP_MODE_FILTER: Final = 2

# Landlock: the same numbers on every architecture.
_CREATE_RULESET: Final = 444
_ADD_RULE: Final = 445
_RESTRICT_SELF: Final = 446
_RULE_PATH_BENEATH: Final = 1
_VERSION_FLAG: Final = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FIRST_ABI: Final = (1 << 13) - 1
"""Every right of the first version: all ways to read, write, make and remove."""
_WRITABLE: Final = _READ_FILE | _WRITE_FILE | _READ_DIR | 1 << 5 | 1 << 8
"""Read and write files, and make and remove regular ones."""


def _landlock(libc: ctypes.CDLL, readable: Iterable[Path], writable: Path) -> bool:
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < 1:
        return False
    handled, own = _FIRST_ABI, _WRITABLE
    if version >= 2:  # noqa: PLR2004 - linking and renaming between folders
        handled |= 1 << 13
    if version >= 3:  # noqa: PLR2004 - truncating
        handled |= 1 << 14
        own |= 1 << 14
    attributes = struct.pack("=Q", handled)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        rules = [(path, _READ_FILE | _READ_DIR | _EXECUTE) for path in readable]
        for path, rights in [*rules, (writable, own)]:
            if path.is_dir() and not _allow(libc, ruleset, path, rights):
                return False
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> bool:
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, folder)
        return bool(libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0) == 0)
    finally:
        os.close(folder)


# Denied calls: sockets, programs, other processes, kernel interfaces with a history.
_DENIED: Final = {
    "x86_64": (
        0xC000003E,
        (41, 42, 43, 49, 50, 53, 57, 58, 59, 62, 101, 155, 161, 165, 166, 175, 246, 272,
         288, 298, 308, 310, 311, 313, 320, 321, 322, 323, 424, 425, 426, 427, 428, 434, 438),
    ),
    "aarch64": (
        0xC00000B7,
        (198, 199, 200, 201, 202, 203, 221, 129, 117, 51, 40, 39, 105, 104, 97, 242, 241, 268,
         270, 271, 273, 280, 281, 282, 294, 425, 426, 427, 428, 434, 438),
    ),
}  # fmt: skip
_CLONE: Final = {"x86_64": 56, "aarch64": 220}
_CLONE_THREAD: Final = 0x00010000
_CLONE3: Final = 435

_OTHER_NUMBERING: Final = 0x40000000
"""From here on x86-64 has the same calls a second time."""

_LOAD: Final = 0x20
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_JUMP_SET: Final = 0x45
_RETURN: Final = 0x06
_ALLOW: Final = 0x7FFF0000
_ERRNO_EPERM: Final = 0x00050001
_ERRNO_ENOSYS: Final = 0x00050026
_KILL: Final = 0x80000000
_OFFSET_NR, _OFFSET_ARCH, _OFFSET_ARG0 = 0, 4, 16


def _seccomp(libc: ctypes.CDLL) -> bool:
    machine = platform.machine()
    if machine not in _DENIED:
        return False
    program = _filter(machine)
    code = b"".join(struct.pack("=HBBI", *each) for each in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    return bool(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0) == 0)


def _filter(machine: str) -> list[tuple[int, int, int, int]]:
    """A program of (operation, jump if true, jump if false, value).

    New threads are allowed and new processes are not: `clone` must ask for a thread, and `clone3`,
    whose flags a filter cannot see, says that it does not exist, so that libc falls back.
    """
    arch, denied = _DENIED[machine]
    clone = _CLONE[machine]
    program = [
        (_LOAD, 0, 0, _OFFSET_ARCH),
        (_JUMP_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _OFFSET_NR),
        (_JUMP_AT_LEAST, 0, 1, _OTHER_NUMBERING),
        (_RETURN, 0, 0, _ERRNO_EPERM),
        (_JUMP_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERRNO_ENOSYS),
        (_JUMP_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, _OFFSET_ARG0),
        (_JUMP_SET, 1, 0, _CLONE_THREAD),
        (_RETURN, 0, 0, _ERRNO_EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    for number in denied:
        program += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO_EPERM)]
    return [*program, (_RETURN, 0, 0, _ALLOW)]
