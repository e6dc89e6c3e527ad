"""The permission cases over HTTP, against a real server process: the third depth."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.access_cases import Case, load_cases, load_fixture
from tests.conformance.access_tokens import make_signers
from tests.conformance.http_world import World, alike, problems
from tests.e2e.server import serving

CASES = {case.id: case for case in load_cases()}
# Operations of a later release have no route to refuse at; `/save/` and images already refuse.
SERVED = [
    case
    for case in CASES.values()
    if case.http == "now" or case.operation in ("image", "ProcessFileAndSave")
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fixture = load_fixture()
    with serving(tmp_path_factory.mktemp("access") / "data", workers=2) as server:
        made = World(server, fixture, make_signers(fixture))
        made.fill_in()
        yield made


@pytest.mark.parametrize("case", SERVED, ids=lambda case: case.id)
def test_case_over_http(world: World, case: Case) -> None:
    world.prepare(case)
    try:
        answer = world.send(case.request)
        expect = case.expect
        assert list(problems(world, case.request, answer, expect)) == []
        if expect.same_as is not None:
            other = world.send(CASES[str(expect.same_as)].request)
            assert alike(answer) == alike(other)
        for step in case.then:
            if step.action is not None:
                world.act(step.action)
            if step.request is not None and step.expect is not None:
                again = world.send(step.request)
                assert list(problems(world, step.request, again, step.expect)) == []
    finally:
        world.restore(case)
