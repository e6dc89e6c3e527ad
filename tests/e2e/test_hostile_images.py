"""R13: images that mean harm each end in a typed refusal, soon, and the server goes on as it was.

What is merely costly may give a picture; it must not take long, nor leave the server larger.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from tests.e2e.hostile_images import broken, costly, drawings, giants, mutated
from tests.e2e.server import Answer, Server, processes_of, request, serving
from tests.origin import answer, running_origin
from tests.unit.transform.engine.pictures import opened, picture

SECONDS = 10.0
DRIFT_BYTES = 64 * 1024 * 1024


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("hostile") / "data") as started:
        store(started, "good.png", picture("QUAD"))
        assert ask(started, "good.png").status == 200
        yield started


def store(server: Server, name: str, body: bytes) -> None:
    url = f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath=/{name}"
    headers = {"Authorization": f"Bearer {server.secret_key}"}
    assert request("POST", url, headers=headers, body=body).status == 200


def ask(server: Server, name: str, query: str = "w=20&f=png") -> Answer:
    return request("GET", f"{server.cdn}/{server.account_id}/image/{name}?{query}", timeout=60)


def refused(server: Server, name: str, body: bytes) -> list[str]:
    """What is wrong with how the server takes a file that it has to refuse."""
    store(server, name, body)
    began = time.monotonic()
    got = ask(server, name)
    took = time.monotonic() - began
    wrong = [f"{name}: {took:.1f} s"] if took > SECONDS else []
    if not 400 <= got.status < 500:
        return [*wrong, f"{name}: {got.status} {got.body[:200]!r}"]
    code = got.code
    known = {"corrupt_input", "transformation_failed", "unsupported_input_format"}
    return wrong if code in known else [*wrong, f"{name}: {code}"]


def survived(server: Server, name: str, body: bytes) -> list[str]:
    """What is wrong with how the server takes a file that may give a picture."""
    store(server, name, body)
    began = time.monotonic()
    got = ask(server, name)
    took = time.monotonic() - began
    wrong = [f"{name}: {took:.1f} s"] if took > SECONDS else []
    return wrong if got.status < 500 else [*wrong, f"{name}: {got.status} {got.body[:200]!r}"]


def memory_of(server: Server) -> int:
    """Private and shared pages of all processes of the server, each page counted once."""
    total = 0
    for pid in processes_of(server.process.pid):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024


def test_giants_are_refused_from_their_headers(server: Server) -> None:
    assert [each for name, body in giants() for each in refused(server, name, body)] == []


def test_what_is_no_image_or_a_damaged_one_is_refused(server: Server) -> None:
    assert [each for name, body in broken() for each in refused(server, name, body)] == []


def test_drawings_that_do_more_than_draw_are_refused_and_reach_nothing(server: Server) -> None:
    with running_origin() as site:
        site.handlers["/canary"] = answer(b"canary", "Content-Type: image/png")
        outside = f"http://127.0.0.1:{site.port}/canary".encode()
        wrong = [each for name, body in drawings(outside) for each in refused(server, name, body)]
        assert wrong == []
        assert site.connections == 0


def test_costly_files_end_soon_and_leave_the_server_as_it_was(server: Server) -> None:
    before = memory_of(server)
    assert [each for name, body in costly() for each in survived(server, name, body)] == []
    good = ask(server, "good.png", "w=33&f=png")
    assert opened(good.body).width == 33
    assert memory_of(server) - before < DRIFT_BYTES


@pytest.mark.parametrize("rounds", [8, pytest.param(200, marks=pytest.mark.long)])
def test_changed_bytes_never_break_the_server(server: Server, rounds: int) -> None:
    random = Random(rounds)
    numbers = iter(lambda: random.getrandbits(32), -1)
    first = server.process.pid
    planes = processes_of(first)
    before = memory_of(server)
    with ThreadPoolExecutor(4) as pool:
        for number in range(rounds):
            tasks = [
                pool.submit(survived, server, f"{number}-{name}", body)
                for name, body in mutated(numbers)
            ]
            assert [each for task in tasks for each in task.result()] == []
    # Children that decode come and go; everybody else is still there.
    assert set(planes[:4]) <= set(processes_of(first))
    assert memory_of(server) - before < DRIFT_BYTES
    assert ask(server, "good.png", "w=34&f=png").status == 200
