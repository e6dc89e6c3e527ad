"""Kill -9 while jobs run and folders move: each job ends, each item once; a folder is in one place.

Every round copies a folder, deletes the copy of the round before and moves a folder to and fro, all
at once, and kills every process of the server at a random moment.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import sqlite3
import threading
import time
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.e2e.server import Server, free_port, request, run_command, start

FILES: Final = 240
MOVED: Final = 5
"""Files in the folder that moves."""


class Api:
    """Calls with the secret key of a server that may be killed."""

    def __init__(self, server: Server) -> None:
        self._base = f"{server.api}/v2/accounts/{server.account_id}"
        self._headers = {"Authorization": f"Bearer {server.secret_key}"}

    def upload(self, path: str) -> None:
        headers = self._headers | {"Content-Type": "text/plain"}
        url = f"{self._base}/uploads/binary?filePath={path}"
        assert request("POST", url, headers=headers, body=path.encode()).status == 200

    def send(self, method: str, target: str, value: object) -> Any:  # noqa: ANN401 - a body
        headers = self._headers | {"Content-Type": "application/json"}
        body = json.dumps(value).encode()
        answer = request(method, self._base + target, headers=headers, body=body)
        assert answer.status == 200, answer.body
        return answer.json

    def count(self, folder: str) -> int:
        """Files in a folder, at any depth."""
        url = f"{self._base}/folders/list?folderPath={folder}&recursive=true"
        page = request("GET", url, headers=self._headers).json
        assert page["isPaginationComplete"]
        return sum("filePath" in item for item in page["items"])

    def job(self, accepted: Any) -> Any:  # noqa: ANN401 - bodies
        """A job when it is over."""
        url = f"{self._base}/jobs/{accepted['jobType']}/{accepted['jobId']}"
        for _ in range(600):
            job = request("GET", url, headers=self._headers).json
            if job["status"] in {"Succeeded", "Failed", "Cancelled"}:
                return job
            time.sleep(0.05)
        pytest.fail(f"the job did not end: {job}")


class Mover(threading.Thread):
    """Moves a folder to and fro until the server is gone."""

    def __init__(self, api: Api) -> None:
        super().__init__(daemon=True)
        self._api = api
        self.moves = 0

    def run(self) -> None:
        names = ["/moving/here", "/moving/there"]
        if self._api.count(names[0]) == 0:
            names.reverse()
        try:
            while True:
                asked = {"source": names[0], "destination": names[1]}
                self._api.send("POST", "/folders/move", asked)
                self.moves += 1
                names.reverse()
        except (OSError, http.client.HTTPException):
            return


def one_round(server: Server, number: int, seed: int) -> tuple[Any, Any, int]:
    """Ask for everything, then kill; the two jobs and how many moves were answered."""
    api, random = Api(server), Random(seed)
    mover = Mover(api)
    mover.start()
    copy = {"source": "/source", "destination": f"/copy{number}"}
    copying = api.send("POST", "/folders/copy", copy)
    deleting = api.send("DELETE", "/folders", {"folderPath": f"/copy{number - 1}"})
    time.sleep(random.uniform(0, 0.5))
    server.kill()
    mover.join(30)
    assert not mover.is_alive()
    return copying, deleting, mover.moves


def check_round(server: Server, number: int, copying: object, deleting: object) -> None:
    api = Api(server)
    copied, deleted = api.job(copying), api.job(deleting)
    assert (copied["status"], copied["error"]) == ("Succeeded", None)
    assert copied["summary"]["progress"] == {
        "filesCopied": FILES,
        "foldersCopied": 0,
        "filesSkipped": 0,
    }
    assert (deleted["status"], deleted["error"]) == ("Succeeded", None)
    there = FILES if number > 1 else 0
    assert deleted["summary"]["progress"] == {"filesDeleted": there, "foldersDeleted": 0}
    assert (api.count(f"/copy{number}"), api.count(f"/copy{number - 1}")) == (FILES, 0)
    places = {api.count("/moving/here"), api.count("/moving/there")}
    assert places == {0, MOVED}


def kill_again_and_again(tmp_path: Path, rounds: int, seed: int) -> None:
    ports = (free_port(), free_port())
    moves = 0
    server = start(tmp_path / "data", ports=ports)
    try:
        api = Api(server)
        for number in range(FILES):
            api.upload(f"/source/{number // 10}/{number}")
        for number in range(MOVED):
            api.upload(f"/moving/here/{number}")
        for number in range(1, rounds + 1):
            copying, deleting, moved = one_round(server, number, seed + number)
            moves += moved
            server = start(tmp_path / "data", ports=ports)
            check_round(server, number, copying, deleting)
    finally:
        server.kill()
    assert moves > rounds
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "byteward.db")) as database:
        question = "SELECT count(*) FROM jobs WHERE attempt > 1"
        ((interrupted,),) = database.execute(question).fetchall()
    print(f"{interrupted} jobs were cut off; {moves} moves")  # noqa: T201
    assert interrupted > rounds // 4
    checked = run_command("check", "--scrub", "--json", data=tmp_path / "data")
    report = json.loads(checked.stdout)
    assert (report["database"], report["missing"], report["corrupt"]) == ([], [], [])
    assert report["miscounted"] == []


@pytest.mark.faults
def test_jobs_and_moves_take_effect_once_through_20_kills(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 20, seed=1)


@pytest.mark.faults
@pytest.mark.long
def test_jobs_and_moves_take_effect_once_through_200_kills(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 200, seed=1000)
