"""Runs scripts in Node against a server under test, with the clients that `tests/node` pins."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

from tests.e2e.server import Server

NODE: Final = Path(__file__).parents[1] / "node"


def run_node(server: Server, script: str, **variables: str) -> list[dict[str, Any]]:
    """Run a script with the official client; its output, a JSON object for each line."""
    done = subprocess.run(
        ["node", script],  # noqa: S607 - whichever Node the tests were set up with
        cwd=NODE,
        env={
            **os.environ,
            "API_URL": server.api,
            "CDN_URL": server.cdn,
            "SECRET_KEY": server.secret_key,
            "PUBLIC_KEY": server.public_key,
            **variables,
        },
        capture_output=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]
