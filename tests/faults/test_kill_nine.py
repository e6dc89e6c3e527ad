"""Kill -9 at any moment: nothing acknowledged is lost, nothing half is visible, nothing comes back.

Promises D1, D2 and D5 on the write path: small uploads, multipart uploads, overwrites and deletes,
with the whole server killed at random moments and started again on the same data folder.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random

import pytest

from tests.e2e.server import Server, free_port, run_command, start
from tests.faults.journal import Client, Stored, stored_digest

CLIENTS = 3


def one_round(server: Server, seed: int, known: dict[str, Stored]) -> int:
    """Write until the kill; records what may be stored afterwards. The acknowledged writes."""
    clients = [Client(server, number, seed, known) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(Random(seed).uniform(0.05, 0.5))
    server.kill()
    for client in clients:
        client.join(30)
        assert not client.is_alive()
        assert client.surprises == []
    return sum(client.acknowledged for client in clients)


def kill_again_and_again(tmp_path: Path, rounds: int) -> None:
    ports = (free_port(), free_port())
    known: dict[str, Stored] = {}
    acknowledged = 0
    server = start(tmp_path / "data", ports=ports)
    try:
        for seed in range(rounds):
            acknowledged += one_round(server, seed, known)
            server = start(tmp_path / "data", ports=ports)
            for path, entry in known.items():
                found = stored_digest(server, path)
                assert found in entry.possible, f"round {seed}: {path} is neither old nor new"
                entry.possible = {found}
    finally:
        server.kill()
    assert acknowledged > rounds
    checked = run_command("check", "--scrub", "--json", data=tmp_path / "data")
    report = json.loads(checked.stdout)
    assert (report["database"], report["missing"], report["corrupt"]) == ([], [], [])


@pytest.mark.faults
def test_what_was_acknowledged_survives_50_kills(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 50)


@pytest.mark.faults
@pytest.mark.long
def test_what_was_acknowledged_survives_200_kills(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, 200)
