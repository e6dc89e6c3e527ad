"""A sync that fails never leads to a success for that data, now or after a retry (R5).

The kernel's answers to the server's worker are changed with strace, which needs root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Answer, Server, request, run_command, serving
from tests.faults.processes import workers_of

pytestmark = pytest.mark.faults
ATTACH_SECONDS = 10.0


@contextlib.contextmanager
def failing_sync(server: Server, *options: str) -> Iterator[None]:
    """Let `fsync` fail with EIO, in every thread of every worker, as the options say."""
    pids = [option for pid in workers_of(server) for option in ("-p", str(pid))]
    strace = subprocess.Popen(
        ["strace", "-f", "-o", "/dev/null", *options, *pids],  # noqa: S607 - of the machine
        stderr=subprocess.PIPE,
    )
    try:
        _wait_until_attached(server, strace)
        yield
    finally:
        strace.terminate()
        strace.communicate(timeout=ATTACH_SECONDS)


def _wait_until_attached(server: Server, strace: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + ATTACH_SECONDS
    tasks = [task for pid in workers_of(server) for task in Path(f"/proc/{pid}/task").iterdir()]
    for task in tasks:
        while f"TracerPid:\t{strace.pid}" not in (task / "status").read_text():
            assert strace.poll() is None, "strace ended"
            assert time.monotonic() < deadline, "strace did not attach"
            time.sleep(0.02)


def upload(server: Server, path: str, body: bytes) -> Answer | None:
    """The answer, or None if there was none."""
    try:
        return request(
            "POST",
            f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath={path}",
            headers={
                "Authorization": f"Bearer {server.secret_key}",
                "Content-Type": "application/octet-stream",
            },
            body=body,
        )
    except (OSError, ValueError):
        return None


def assert_not_stored(answer: Answer | None) -> None:
    assert answer is not None
    assert (answer.status, answer.code) == (503, "storage_error"), answer.body


def read(server: Server, path: str) -> bytes | None:
    url = f"{server.cdn}/{server.account_id}/raw{path}"
    answer = request("GET", url, headers={"Authorization": f"Bearer {server.secret_key}"})
    assert answer.status in (200, 404), answer.body
    return answer.body if answer.status == 200 else None


if os.geteuid() == 0 and shutil.which("strace"):

    @pytest.mark.parametrize("when", [1, 2], ids=["object", "folder"])
    def test_an_object_that_is_not_synced_is_not_acknowledged(tmp_path: Path, when: int) -> None:
        """The n-th sync of the thread that writes is the object's, then its folder's."""
        with serving(tmp_path / "data") as server:
            kept = upload(server, "/kept.bin", b"kept")
            assert kept is not None
            assert kept.status == 200
            with failing_sync(server, "-e", f"inject=fsync:error=EIO:when={when}"):
                assert_not_stored(upload(server, "/new.bin", b"new"))
                # The next sync would pretend success, so a volume that failed is not asked again.
                assert_not_stored(upload(server, "/new.bin", b"new"))
                assert_not_stored(upload(server, "/kept.bin", b"overwritten"))
            assert_not_stored(upload(server, "/new.bin", b"new"))
            assert request("GET", f"{server.api}/readyz").status == 503
            assert (read(server, "/kept.bin"), read(server, "/new.bin")) == (b"kept", None)
        with serving(tmp_path / "data") as server:
            assert (read(server, "/kept.bin"), read(server, "/new.bin")) == (b"kept", None)
            again = upload(server, "/new.bin", b"new")
            assert again is not None
            assert again.status == 200
            assert read(server, "/new.bin") == b"new"

    def test_a_commit_that_is_not_synced_is_not_acknowledged(tmp_path: Path) -> None:
        """Whether it was stored is unknown until the restart, so either is right then."""
        data = tmp_path / "data"
        with serving(data) as server:
            kept = upload(server, "/kept.bin", b"kept")
            assert kept is not None
            assert kept.status == 200
            log = f"{data}/byteward.db-wal"
            with failing_sync(server, "-P", log, "-e", "inject=fsync,fdatasync:error=EIO"):
                for path, body in (("/new.bin", b"new"), ("/kept.bin", b"overwritten")):
                    answer = upload(server, path, body)
                    assert answer is None or answer.status >= 500, answer.body
            assert read(server, "/kept.bin") in (b"kept", b"overwritten")
        with serving(data) as server:
            assert read(server, "/kept.bin") in (b"kept", b"overwritten")
            assert read(server, "/new.bin") in (b"new", None)
            after = upload(server, "/after.bin", b"after")
            assert after is not None
            assert after.status == 200
        assert run_command("check", "--scrub", data=data).returncode in (0, 1)
