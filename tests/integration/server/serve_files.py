"""A CDN plane in processes of its own, for tests of the server: `python serve_files.py FOLDER`.

Serves the folder of a filled data folder and prints the address once it answers.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from byteward.app import cdn_app
from byteward.config import Config, HttpSettings
from byteward.server.plane import Plane
from byteward.server.supervisor import Addresses, Supervisor


def _work(_config: Config) -> None:
    signal.pause()


def _ready(addresses: Addresses) -> None:
    print(addresses["cdn"], os.getpid(), flush=True)  # noqa: T201 - read by the test


def main() -> None:
    """Serve until SIGTERM."""
    config = Config(
        data=Path(sys.argv[1]),
        cdn="127.0.0.1:0",
        workers=2,
        shutdown_grace_seconds=2,
        http=HttpSettings(write_stall_seconds=1, header_timeout_seconds=1),
    )
    plane = Plane("cdn", config.cdn, cdn_app)
    Supervisor(config, [plane], helpers={"worker": _work}, on_ready=_ready).run()


if __name__ == "__main__":
    main()
