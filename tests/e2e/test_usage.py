"""Statistics by day and key: what a real server did is in them soon, and all of it after a stop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from byteward.db.sqlite import open_sqlite
from tests.e2e.dashboard_user import add_user, bearer_of
from tests.e2e.server import Server, request, serving

PASSWORD = "quiet river under the hill"
BYTES = b"x" * 1000


def rows(data: Path) -> list[tuple[Any, ...]]:
    """All rows of the table."""
    database = open_sqlite(data / "byteward.db")
    try:
        return database.read_now(
            lambda conn: [tuple(row) for row in conn.exec_driver_sql("SELECT * FROM usage_days")]
        )
    finally:
        database.close_now()


def usage(server: Server) -> dict[str, Any]:
    """As the dashboard reads it."""
    bearer = bearer_of(server, "ana@example.test")
    target = f"{server.api}/v2/admin/accounts/{server.account_id}/usage?days=2"
    found: dict[str, Any] = request("GET", target, headers=bearer).json
    return found


def test_uploads_and_downloads_are_counted_by_day_and_key(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        add_user(server, "ana@example.test", "viewer")
        key = {"Authorization": f"Bearer {server.secret_key}"}
        target = f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath=/a.txt"
        assert request("POST", target, headers=key, body=BYTES).status == 200
        url = f"{server.cdn}/{server.account_id}/raw/a.txt"
        for headers in ({}, {}, {"Range": "bytes=0-9"}, key):
            assert request("GET", url, headers=headers).status in {200, 206}
        assert request("HEAD", url).status == 200
        assert request("GET", f"{url}.not").status == 404
        deadline = time.monotonic() + 30
        while usage(server)["days"][-1]["requests"] < 5 and time.monotonic() < deadline:
            time.sleep(0.5)
        found = usage(server)
    before, today = found["days"]
    assert before["requests"] == 0
    assert (today["uploads"], today["bytesIn"]) == (1, len(BYTES))
    assert (today["requests"], today["bytesOut"]) == (5, 3 * len(BYTES) + 10)
    assert (found["storedFiles"], found["storedBytes"]) == (1, len(BYTES))
    (of_key,) = [each for each in found["byKey"] if each["keyId"] is not None]
    assert (of_key["name"], of_key["uploads"]) == ("secret", 1)


def test_a_stopping_server_forgets_no_count(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        key = {"Authorization": f"Bearer {server.secret_key}"}
        target = f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath=/a.txt"
        assert request("POST", target, headers=key, body=BYTES).status == 200
        for _ in range(3):
            url = f"{server.cdn}/{server.account_id}/raw/a.txt"
            assert request("GET", url).body == BYTES
        assert server.stop() == 0
        requests = sum(row[3] for row in rows(server.data))
    assert requests == 3
