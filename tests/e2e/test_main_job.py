"""The main job, as its users do it: the official client, a private folder, a stranger, a JWT."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.node import run_node
from tests.e2e.server import Server, request, run_command, serving

Seen = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("e2e") / "data", workers=2) as running:
        running.apply(
            {
                "accounts": [
                    {
                        "accountId": running.account_id,
                        "folders": [{"folderPath": "/private", "publicPermissions": []}],
                    }
                ]
            }
        )
        yield running


def jwt_for(server: Server, user: str, *patterns: str) -> str:
    """A JWT of the account that may read and write the patterns."""
    arguments = ["token", "sign", "jwt", "--key", str(server.data.parent / "jwt.pem"), "--create"]
    arguments += ["--account", server.account_id, "--sub", user]
    for pattern in patterns:
        arguments += ["--read", pattern, "--write", pattern]
    done = run_command(*arguments, data=server.data)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def peak_memory_mb(server: Server) -> float:
    """The most that any one process of the server has held."""
    listed = subprocess.run(
        ["pgrep", "-f", str(server.data)],  # noqa: S607 - of the system
        capture_output=True,
        check=True,
    )
    peaks = [0]
    for pid in listed.stdout.split():
        with contextlib.suppress(OSError):  # it ended meanwhile
            status = Path(f"/proc/{int(pid)}/status").read_text()
            peaks += [int(kilobytes) for kilobytes in re.findall(r"VmHWM:\s+(\d+) kB", status)]
    return max(peaks) / 1000


@pytest.fixture(scope="module", params=["esm", "cjs", "3.53"])
def seen(request: pytest.FixtureRequest, server: Server) -> Seen:
    jwt = jwt_for(server, "u1", "/private/*")
    lines = run_node(server, "main_job.mjs", JWT=jwt, FLAVOUR=str(request.param))
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("string", 7),
        ("buffer", 12582929),
        ("blob", 12582929),
        ("stream", 12582929),
        ("empty", 0),
    ],
)
def test_what_the_client_uploads_comes_back_whole(seen: Seen, kind: str, size: int) -> None:
    upload = seen[f"upload {kind}"]
    assert upload == {
        "name": f"upload {kind}",
        "ok": True,
        "same": True,
        "size": size,
        "etagsAgree": True,
        "metadata": {"productId": 60891, "kind": kind},
        "tags": ["example_tag"],
        "originalFileName": "photo é.jpg",
        "urlsAgree": True,
    }


def test_an_upload_without_a_path_goes_to_the_default_location_of_the_key(seen: Seen) -> None:
    assert re.fullmatch(
        r"/uploads/\d{4}/\d\d/\d\d/[1-9A-Za-z]{10}-a\.txt", seen["default location"]["filePath"]
    )


def test_a_key_without_the_right_is_refused_where_the_jwt_is_served(seen: Seen) -> None:
    refused = seen["public key reads"]
    assert (refused["ok"], refused["code"]) == (False, "authorization_failed_permission_denied")
    assert seen["JWT reads"]["text"] == "the photo"
    assert seen["key and JWT read"]["text"] == "the photo"


def test_a_jwt_client_uploads_where_its_token_says(seen: Seen) -> None:
    assert seen["JWT uploads without a key"]["filePath"] == "/private/user.txt"


def test_failures_reach_the_client_with_their_codes(seen: Seen) -> None:
    assert seen["wrong key"]["code"] == "authentication_failed_credentials_denied"
    assert seen["details of the deleted"]["code"] == "file_not_found"
    denied = seen["JWT may not delete elsewhere"]
    assert denied["code"] == "authorization_failed_permission_denied"


def test_an_upload_is_resumed_where_its_client_died(seen: Seen) -> None:
    resumed = seen["resume"]
    assert resumed["remaining"] == resumed["parts"] - 1
    assert (resumed["completed"], resumed["same"]) == (1, True)


def test_500_mb_go_up_and_down_and_no_process_grows_with_them(server: Server) -> None:
    size = 500_000_000
    (seen,) = run_node(server, "big_file.mjs", SIZE=str(size))
    assert (seen["length"], seen["same"]) == (size, True)
    assert 0 < peak_memory_mb(server) < 150


def test_a_stranger_gets_403_the_jwt_the_bytes_and_explain_says_why(server: Server) -> None:
    account, path = server.account_id, "/private/holiday.jpg"
    stored = request(
        "POST",
        f"{server.api}/v2/accounts/{account}/uploads/binary?filePath={path}",
        headers={"Authorization": f"Bearer {server.secret_key}", "Content-Type": "image/jpeg"},
        body=b"a photo",
    )
    assert stored.status == 200
    url = stored.json["fileUrl"]
    stranger = request("GET", url)
    assert (stranger.status, stranger.code) == (403, "authorization_failed_permission_denied")
    token = jwt_for(server, "u1", "/private/*")
    friend = request("GET", url, headers={"Authorization": f"Bearer {token}"})
    assert (friend.status, friend.body) == (200, b"a photo")
    assert friend.headers["cache-control"].startswith("private, ")
    other = jwt_for(server, "u2", "/elsewhere/*")
    assert request("GET", url, headers={"Authorization": f"Bearer {other}"}).status == 403

    why = run_command("explain", "--account", account, path, "--json", data=server.data)
    assert why.returncode == 1
    explanation = json.loads(why.stdout)
    assert explanation["rule"]["location"] == "folder `/private`, publicPermissions, scope Children"
    assert "publicPermissions" in explanation["smallestGrant"]


def test_existing_and_missing_private_files_look_alike_to_a_stranger(server: Server) -> None:
    base = f"{server.cdn}/{server.account_id}/raw/private"
    answers = [request("GET", f"{base}/{name}") for name in ("holiday.jpg", "no-such.jpg")]
    varying = {"x-request-id", "date"}
    shown = [
        (
            answer.status,
            {name: value for name, value in answer.headers.items() if name not in varying},
            re.sub(rb'"timestamp":"[^"]*"', b"", answer.body),
        )
        for answer in answers
    ]
    assert shown[0] == shown[1]


def test_apply_of_export_changes_nothing(server: Server) -> None:
    exported = run_command("export", "--json", data=server.data)
    assert server.apply(json.loads(exported.stdout))["changed"] is False


def test_check_finds_nothing_wrong_beside_the_running_server(server: Server) -> None:
    checked = run_command("check", "--scrub", "--json", data=server.data)
    assert (checked.returncode, json.loads(checked.stdout)["remaining"]) == (0, 0)


def test_a_backup_taken_while_serving_serves_the_same_bytes(server: Server, tmp_path: Path) -> None:
    request(
        "POST",
        f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath=/kept.txt",
        headers={"Authorization": f"Bearer {server.secret_key}", "Content-Type": "text/plain"},
        body=b"kept",
    )
    copy = tmp_path / "copy"
    assert run_command("backup", str(copy), data=server.data).returncode == 0
    with serving(copy) as restored:
        answer = request("GET", f"{restored.cdn}/{server.account_id}/raw/kept.txt")
        assert (answer.status, answer.body) == (200, b"kept")


def test_the_server_stops_in_time_and_says_so(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as running:
        assert request("GET", f"{running.api}/healthz").body == b"ok"
        assert request("GET", f"{running.cdn}/readyz").body == b"ok"
        assert running.stop() == 0


def test_bad_configuration_stops_the_start_with_every_problem(tmp_path: Path) -> None:
    done = run_command(
        "serve",
        "--workers",
        "0",
        "--api",
        "nowhere",
        data=tmp_path / "data",
        env={"BYTEWARD_DELIVERY__MEMRY": "1"},
    )
    assert done.returncode == 2
    text = done.stderr.decode()
    assert all(name in text for name in ("workers", "api", "delivery.memry"))
