"""The CDN plane on one worker of a chosen HTTP server: `python serve_plain.py FOLDER SERVER`."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

from byteward.app import cdn_app
from byteward.config import Config
from byteward.server.http1.served import Limits
from byteward.server.http1.worker import run_worker
from byteward.telemetry.log import configure_logging


def main() -> None:
    """Print the port and serve until SIGTERM."""
    configure_logging(log_format="json", level="error", max_field_bytes=512)
    config = Config(data=Path(sys.argv[1]), public_cdn_url="http://upcdn.io")
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)  # noqa: T201 - read by the test
    app = cdn_app(config)
    if sys.argv[2] == "http1":
        run_worker(
            app, listening, Limits.of(config), backlog=64, grace_seconds=2, on_ready=lambda: None
        )
        return
    settings = uvicorn.Config(
        app,
        http="httptools",
        loop="uvloop",
        log_level="critical",
        server_header=False,
        h11_max_incomplete_event_size=65536,
    )
    uvicorn.Server(settings).run(sockets=[listening])


if __name__ == "__main__":
    main()
