"""R10: thousands of generated requests; no 5xx, no dead worker, no wait, no private byte."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from tests.conformance.access_cases import load_fixture
from tests.conformance.access_tokens import make_signers
from tests.conformance.hostile import Hostile, hostile_request
from tests.conformance.http_world import World, bytes_of
from tests.conformance.untouched import processes, refusal_problems
from tests.e2e.server import Answer, serving
from tests.e2e.wire import Wire

LONGEST_SECONDS = 5.0
# Whole keys are among the credentials, so what they may read is no leak; B's files are for B only.
ALLOWED = {200, 204, 206, 304}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fixture = load_fixture()
    with serving(tmp_path_factory.mktemp("hostile") / "data", workers=2) as server:
        made = World(server, fixture, make_signers(fixture))
        made.fill_in()
        yield made


def problems_of(sent: Hostile, answer: Answer) -> list[str]:
    if answer.status in ALLOWED:
        has_key = any(name == b"Authorization" for name, _ in sent.headers)
        if not has_key and b"the bytes of /private/p" in answer.body:
            return ["a private file"]
        return []
    if answer.status == 400 and "x-request-id" not in answer.headers:
        # The HTTP parser refuses such a target before anything of ours sees it.
        return [] if answer.body == b"" and answer.headers["connection"] == "close" else ["leak"]
    return refusal_problems(answer, is_head=sent.method == b"HEAD")


def play(world: World, seed: int, count: int) -> Counter[int]:
    random = Random(seed)
    seen: Counter[int] = Counter()
    with Wire(world.server.api) as api, Wire(world.server.cdn) as cdn:
        for _ in range(count):
            sent = hostile_request(random, world)
            wire = api if sent.plane == "api" else cdn
            started = time.monotonic()
            answer = wire.ask(sent.method, sent.target, sent.headers, sent.body)
            assert time.monotonic() - started < LONGEST_SECONDS, sent
            assert problems_of(sent, answer) == [], (sent, answer)
            seen[answer.status] += 1
    return seen


def check(world: World, seeds: range, count: int) -> None:
    pids = processes(world.server)
    seen: Counter[int] = Counter()
    for seed in seeds:
        seen += play(world, seed, count)
    # All layers were reached: some were let through, and there were refusals of every kind.
    assert {200, 400, 401, 403, 404, 405} <= set(seen)
    assert processes(world.server) == pids
    for account_id in ("A623uY2", "B7xk3Qz"):
        path = "/file.png" if account_id == "B7xk3Qz" else "/private/p.jpg"
        assert world.stored(account_id, path) == bytes_of(path)


def test_6000_generated_requests_break_nothing(world: World) -> None:
    check(world, range(6), 1000)


@pytest.mark.long
def test_150000_generated_requests_break_nothing(world: World) -> None:
    check(world, range(100, 250), 1000)
