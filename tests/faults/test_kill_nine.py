"""Kill -9 at any moment: nothing acknowledged is lost, nothing half is visible, nothing comes back.

R1 (promises D1, D2, D4 and D5) on the write path: small uploads, forms, multipart uploads, uploads
from URLs, overwrites, deletes and folders, with every process of the server killed at random
moments and the server started again on the same data folder.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.e2e.server import Server, free_port, run_command, start
from tests.faults.journal import Client, Journal, found_at
from tests.origin import Origin, running_origin

CLIENTS = 4
WORKERS = 2


OPEN: Final = {"BYTEWARD_OUTBOUND__ALLOW_PRIVATE": "true"}
"""Uploads from URLs come from a server of the test."""


def one_round(server: Server, seed: int, journal: Journal, origin: Origin) -> None:
    """Write until the kill; the journal knows afterwards what may be stored."""
    clients = [Client(server, number, seed, journal, origin=origin) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(Random(seed).uniform(0.02, 0.6))
    server.kill()
    for client in clients:
        client.join(30)
        assert not client.is_alive()
    assert journal.surprises == []


def compare(server: Server, journal: Journal) -> list[str]:
    """Paths at which neither the old nor the new is found; what is found counts from now on."""
    wrong = []
    for path, entry in journal.known.items():
        found = found_at(server, path)
        if found not in entry.possible:
            wrong.append(path)
        entry.possible = {found}
    return wrong


def kill_again_and_again(tmp_path: Path, seeds: range) -> None:
    ports = (free_port(), free_port())
    journal = Journal(tmp_path / "journal")
    starts = []
    server = start(tmp_path / "data", ports=ports, workers=WORKERS, env=OPEN)
    with running_origin() as origin:
        try:
            for seed in seeds:
                one_round(server, seed, journal, origin)
                began = time.monotonic()
                server = start(tmp_path / "data", ports=ports, workers=WORKERS, env=OPEN)
                starts.append(time.monotonic() - began)
                assert compare(server, journal) == [], f"round {seed}; see {journal.log}"
        finally:
            server.kill()
    assert origin.connections > len(seeds) // 2
    median = sorted(starts)[len(starts) // 2]
    print(f"{journal.acknowledged} acknowledged; answers after {median:.2f} s")  # noqa: T201
    assert journal.acknowledged > 10 * len(seeds)
    checked = run_command("check", "--scrub", "--json", data=tmp_path / "data")
    report = json.loads(checked.stdout)
    assert (report["database"], report["missing"], report["corrupt"]) == ([], [], [])
    assert report["missingParts"] == []


@pytest.mark.faults
@pytest.mark.parametrize("seeds", [range(25), range(25, 50)], ids=str)
def test_what_was_acknowledged_survives_50_kills(tmp_path: Path, seeds: range) -> None:
    """In two halves, which may run at the same time."""
    kill_again_and_again(tmp_path, seeds)


@pytest.mark.faults
@pytest.mark.long
def test_what_was_acknowledged_survives_200_kills(tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, range(100, 300))
