"""A real S3 server (SeaweedFS) for tests: one for each test process, buckets for each test.

It checks signatures, so requests that it takes are signed right.
"""

from __future__ import annotations

import atexit
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

ACCESS_KEY: Final = "byteward-tests"
SECRET_KEY: Final = "only-for-tests"
REGION: Final = "us-east-1"
_START_SECONDS: Final = 60.0
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class S3Server:
    """Where it is and how it is stopped."""

    endpoint: str

    @staticmethod
    def new_bucket_name() -> str:
        """A name that no other test uses."""
        return f"test-{secrets.token_hex(6)}"


@lru_cache(maxsize=1)
def s3_server() -> S3Server:
    """The server of this process, started at its first use and stopped with the process."""
    for _ in range(_ATTEMPTS):
        server = _start()
        if server is not None:
            return server
    raise AssertionError("the S3 server does not start")


def _start() -> S3Server | None:
    """A server; None when somebody else got one of its ports first."""
    folder = Path(tempfile.mkdtemp(prefix="byteward-s3-"))
    config = folder / "s3.json"
    identity = {
        "name": "tests",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    config.write_text(json.dumps({"identities": [identity]}))
    ports = _free_ports(8)
    names = ("master", "volume", "filer", "s3")
    flags = [f"-{name}.port={port}" for name, port in zip(names, ports[:4], strict=True)]
    flags += [f"-{name}.port.grpc={port}" for name, port in zip(names, ports[4:], strict=True)]
    process = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("weed")),
            "-logdir",
            str(folder),
            "server",
            f"-dir={folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-master.volumeSizeLimitMB=64",
            "-master.telemetry=false",
            "-volume.max=2000",  # each bucket takes several
            "-filer",
            "-s3",
            "-s3.port.iceberg=0",  # fixed ports, which two servers would fight for
            "-s3.port.lance=0",
            f"-s3.config={config}",
            *flags,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    kinds = [*names, *(f"{name}-grpc" for name in names)]
    sockets = [
        Path(f"/tmp/seaweedfs-{kind}-{port}.sock")  # noqa: S108 - the server's own place
        for kind, port in zip(kinds, ports, strict=True)
    ]
    atexit.register(_stop, process, folder, sockets)
    endpoint = f"http://127.0.0.1:{ports[3]}"
    return S3Server(endpoint) if _answers(endpoint, process) else None


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _answers(endpoint: str, process: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(endpoint, timeout=2):
                return False  # somebody else: this server says no to whoever does not sign
        except urllib.error.HTTPError as answer:
            is_ours = b"<Error>" in answer.read()
            answer.close()
            if answer.code < 500:
                return is_ours
        except OSError:
            pass
        time.sleep(0.1)
    return False


def _stop(process: subprocess.Popen[bytes], folder: Path, sockets: list[Path]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)
    for each in sockets:
        each.unlink(missing_ok=True)
