"""A process of the server that dies is replaced, and what was acknowledged stays (D1, I7)."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.server import Server, request, serving
from tests.faults.journal import Client, Journal, found_at
from tests.faults.processes import keepers_of, workers_of

pytestmark = pytest.mark.faults
REPLACED_SECONDS = 20.0


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + REPLACED_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def is_serving(server: Server) -> bool:
    """Whether each plane answers, often enough to meet every worker."""
    try:
        return all(
            request("GET", f"{plane}/readyz", timeout=5).status == 200
            for plane in (server.api, server.cdn)
            for _ in range(4)
        )
    except OSError:
        return False


def start_writing(server: Server, journal: Journal, seed: int) -> list[Client]:
    clients = [Client(server, number, seed, journal, ends_with_server=False) for number in range(3)]
    for client in clients:
        client.start()
    return clients


def assert_all_there(server: Server, journal: Journal) -> None:
    for path, entry in journal.known.items():
        assert found_at(server, path) in entry.possible, path


def test_a_killed_worker_is_replaced_and_loses_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    with serving(tmp_path / "data", workers=2) as server:
        count = len(workers_of(server))
        for seed in range(4):
            clients = start_writing(server, journal, seed)
            time.sleep(0.2)
            victim = workers_of(server)[seed % count]
            os.kill(victim, signal.SIGKILL)
            wait_until(lambda gone=victim: gone not in workers_of(server))  # type: ignore[misc]  # bound now
            wait_until(lambda: len(workers_of(server)) == count and is_serving(server))
            for client in clients:
                client.stop()
            assert journal.surprises == []
            assert_all_there(server, journal)
        assert journal.acknowledged > 20
        assert server.stop() == 0


def test_a_killed_plane_or_housekeeping_is_started_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    with serving(tmp_path / "data") as server:
        workers, keepers = len(workers_of(server)), len(keepers_of(server))
        for number in range(keepers):
            clients = start_writing(server, journal, number)
            time.sleep(0.2)
            os.kill(keepers_of(server)[number], signal.SIGKILL)
            for client in clients:
                client.stop()
            wait_until(
                lambda: (
                    len(keepers_of(server)) == keepers
                    and len(workers_of(server)) == workers
                    and is_serving(server)
                )
            )
            assert journal.surprises == []
            assert_all_there(server, journal)
        assert server.stop() == 0
