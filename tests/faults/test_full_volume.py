"""A full volume is a typed refusal: reads and deletes go on, and service resumes with the space.

Promise D8. The reserve that uploads must leave free is set above what the volume has, which is the
state that a volume that fills up reaches first.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.server import Answer, Server, request, run_command, serving

pytestmark = pytest.mark.faults


def upload(server: Server, path: str, body: bytes) -> Answer:
    return request(
        "POST",
        f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath={path}",
        headers={
            "Authorization": f"Bearer {server.secret_key}",
            "Content-Type": "application/octet-stream",
        },
        body=body,
    )


def test_a_volume_below_its_reserve_takes_no_uploads_and_serves_on(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as before:
        assert upload(before, "/kept.bin", b"kept").status == 200
    more_than_there_is = str(shutil.disk_usage(tmp_path).total * 2)
    env = {"BYTEWARD_STORAGE__MIN_FREE_BYTES": more_than_there_is}
    with serving(tmp_path / "data", env=env) as server:
        refused = upload(server, "/new.bin", b"new")
        assert (refused.status, refused.code) == (507, "insufficient_storage")
        kept = request("GET", f"{server.cdn}/{server.account_id}/raw/kept.bin")
        assert (kept.status, kept.body) == (200, b"kept")
        deleted = request(
            "DELETE",
            f"{server.api}/v2/accounts/{server.account_id}/files?filePath=/kept.bin",
            headers={"Authorization": f"Bearer {server.secret_key}"},
        )
        assert deleted.status == 204
        gone = request("GET", f"{server.cdn}/{server.account_id}/raw/new.bin")
        assert gone.status == 404


@pytest.fixture
def small_volume(tmp_path: Path) -> Iterator[Path]:
    """64 MiB of memory as a volume; only root may make one."""
    folder = tmp_path / "volume"
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs", str(folder)],  # noqa: S607
        check=True,
    )
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S607


def ask(server: Server, method: str, path: str, value: object = None) -> Answer:
    """An API request of the account with a JSON body."""
    return request(
        method,
        f"{server.api}/v2/accounts/{server.account_id}{path}",
        headers={
            "Authorization": f"Bearer {server.secret_key}",
            "Content-Type": "application/json",
        },
        body=None if value is None else json.dumps(value).encode(),
    )


def upload_form(server: Server, path: str, body: bytes) -> Answer:
    return request(
        "POST",
        f"{server.api}/v2/accounts/{server.account_id}/uploads/form_data?filePath={path}",
        headers={
            "Authorization": f"Bearer {server.secret_key}",
            "Content-Type": "multipart/form-data; boundary=edge",
        },
        body=b'--edge\r\nContent-Disposition: form-data; name="a"\r\n\r\n'
        + body
        + b"\r\n--edge--\r\n",
    )


def stored(server: Server, path: str) -> bytes | None:
    answer = request("GET", f"{server.cdn}/{server.account_id}/raw{path}")
    assert answer.status in (200, 404), answer.body
    return answer.body if answer.status == 200 else None


def assert_done_or_full(answer: Answer, done: int) -> bool:
    """Whether it was done; if not, the volume's fullness is the reason given."""
    assert answer.status == done or (answer.status, answer.code) == (507, "insufficient_storage")
    return answer.status == done


def fill_up(ballast: Path) -> None:
    """Write until not one page is left."""
    for size in (1 << 20, 4096):
        with contextlib.suppress(OSError), ballast.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(size))


if os.geteuid() == 0:

    def test_a_full_disk_refuses_and_resumes_without_a_restart(small_volume: Path) -> None:
        env = {"BYTEWARD_STORAGE__MIN_FREE_BYTES": "0"}
        with serving(small_volume / "data", env=env) as server:
            assert upload(server, "/kept.bin", b"k" * 1_000_000).status == 200
            ballast = small_volume / "ballast"
            fill_up(ballast)
            # Small enough to be read to its end: a client that is cut off while it sends may
            # never see the answer.
            refused = upload(server, "/new.bin", b"n" * 50_000)
            assert (refused.status, refused.code) == (507, "insufficient_storage")
            kept = request("GET", f"{server.cdn}/{server.account_id}/raw/kept.bin")
            assert (kept.status, len(kept.body)) == (200, 1_000_000)
            assert list((small_volume / "data" / "tmp").iterdir()) == []
            ballast.unlink()
            assert upload(server, "/new.bin", b"n" * 50_000).status == 200

    def test_every_write_to_a_full_disk_is_done_or_refused_as_a_whole(small_volume: Path) -> None:
        env = {"BYTEWARD_STORAGE__MIN_FREE_BYTES": "0"}
        begin = {"size": 50_000, "path": "/part.bin", "protocol": "1.1"}
        with serving(small_volume / "data", env=env) as server:
            assert upload(server, "/kept.bin", b"k" * 70_000).status == 200
            assert upload(server, "/removed.bin", b"r" * 70_000).status == 200
            begun = ask(server, "POST", "/uploads", begin).json
            part, url = f"/uploads/{begun['uploadId']}/parts/0", begun["uploadParts"]["first"]
            ballast = small_volume / "ballast"
            fill_up(ballast)

            for refused in (
                upload(server, "/new.bin", b"n" * 50_000),
                upload(server, "/kept.bin", b"n" * 50_000),
                upload_form(server, "/form.bin", b"n" * 50_000),
                request("PUT", url["uploadUrl"], body=b"p" * 50_000),
            ):
                assert (refused.status, refused.code) == (507, "insufficient_storage")
            assert ask(server, "PUT", part, {"etag": "x"}).code == "invalid_upload_part"
            assert_done_or_full(ask(server, "POST", "/uploads", begin), 200)
            made = assert_done_or_full(ask(server, "PUT", "/folders", {"folderPath": "/f"}), 200)
            gone = assert_done_or_full(ask(server, "DELETE", "/files?filePath=/removed.bin"), 204)
            assert stored(server, "/kept.bin") == b"k" * 70_000
            assert stored(server, "/removed.bin") == (None if gone else b"r" * 70_000)
            assert ask(server, "GET", "/folders?folderPath=/f").json["virtual"] is made
            assert (stored(server, "/new.bin"), stored(server, "/form.bin")) == (None, None)

            ballast.unlink()
            etag = request("PUT", url["uploadUrl"], body=b"p" * 50_000).headers["etag"]
            assert ask(server, "PUT", part, {"etag": etag}).json["status"] == "Completed"
            assert stored(server, "/part.bin") == b"p" * 50_000
            assert ask(server, "DELETE", "/files?filePath=/removed.bin").status == 204
            assert upload(server, "/kept.bin", b"n" * 50_000).status == 200
        checked = run_command("check", "--scrub", "--json", data=small_volume / "data")
        report = json.loads(checked.stdout)
        assert (report["database"], report["missing"], report["corrupt"]) == ([], [], [])
