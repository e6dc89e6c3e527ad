"""Children that end with their parent, however it ends (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # <linux/prctl.h>


def end_with_parent(parent_pid: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel for a signal when the parent of this process is gone.

    The standard library has no name for prctl(2), hence the C library by hand. The request does
    not survive a fork, so each process asks for itself.

    Args:
        parent_pid: whom the process was started by; if that one has died already, nobody would
            send the signal, so the process ends at once.
        number: the signal.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent_pid:
        os._exit(1)
