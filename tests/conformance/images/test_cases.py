"""Each case of `cases.py`, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.images.cases import CASES, Case
from tests.conformance.images.world import World, opened_world
from tests.unit.transform.engine.pictures import opened


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with opened_world(tmp_path_factory.mktemp("pictures")) as started:
        yield started


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_case(world: World, case: Case) -> None:
    answer = world.get(case.name, case.query, accept=case.accept)
    assert answer.status == case.status, answer.body[:300]
    if case.status != 200:
        details = answer.json["error"].get("details") or {}
        assert {name: details.get(name) for name in case.told} == case.told
        return
    if case.mime is not None:
        assert answer.headers["content-type"] == case.mime
    if case.accept is not None or "f2=" in case.query or "f=auto" in case.query:
        varies = "f2=" in case.query or "f=auto" in case.query
        assert ("Accept" in answer.headers["vary"].split(", ")) is varies
    image = opened(answer.body)
    if case.size is not None:
        assert (image.width, image.height) == case.size
    for (x, y), colour in case.at.items():
        found = [round(channel) for channel in image(x, y)]
        if len(colour) == 4 and colour[3] == 0:
            assert found[-1] <= case.tolerance, (x, y, found)
            continue
        shown = found[: len(colour)] if len(found) >= len(colour) else found * len(colour)
        close = all(abs(a - b) <= case.tolerance for a, b in zip(shown, colour, strict=True))
        assert close, (x, y, found)
