"""The numbered case of ResetCache, and what the job really takes away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from byteward.transform.cache import ResultCache, ResultHeader, result_key
from tests.api_plane import ACCOUNT, BASE, OTHER_ACCOUNT, Plane, api_plane

RESET = f"{BASE}/cache/reset"


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def ask(pattern: object, *, edge: object = True, permanent: object = True) -> dict[str, object]:
    return {"pattern": pattern, "resetEdgeCache": edge, "resetPermanentCache": permanent}


def test_124_a_reset_is_a_job(plane: Plane) -> None:
    answer = plane.send_json("POST", RESET, ask("/raw/t/*", permanent=False))
    assert answer.status == 200
    assert answer.json["jobType"] == "ResetCacheJob"
    plane.work()
    job = plane.call("GET", answer.json["jobUrl"].partition("/v2")[1] + "/" + answer.json[
        "jobUrl"].partition("/v2/")[2], key="SK")  # fmt: skip
    assert job.json["status"] == "Succeeded"
    assert job.json["summary"] == {
        "pattern": "/raw/t/*",
        "resetEdgeCache": True,
        "resetPermanentCache": False,
        "progress": {"edge": 0, "permanent": 0},
    }


@pytest.mark.parametrize(
    "body",
    [
        {"pattern": "/raw/t/*", "resetEdgeCache": True}, ask("raw/*"), ask("/a*b"), ask(""),
        ask("/x", edge=False, permanent=False), ask(f"/{ACCOUNT}/raw/x"), ask(7), ask("/x" * 300),
        ask("/x", edge="true"), {**ask("/x"), "extra": 1},
    ],
)  # fmt: skip
def test_124_what_cannot_be_reset_is_refused(plane: Plane, body: object) -> None:
    answer = plane.send_json("POST", RESET, body)
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_124_only_secret_keys_reset(plane: Plane) -> None:
    refused = plane.send_json("POST", RESET, ask("/*"), key="PK")
    assert (refused.status, refused.code) == (403, "secret_key_required")
    assert plane.send_json("POST", RESET, ask("/*"), key=None).status == 401


def store(plane: Plane, name: str, *, account: str = ACCOUNT, is_permanent: bool = False) -> str:
    cache = ResultCache(plane.folder / "cache")
    body = cache.work_folder() / name
    body.write_bytes(b"result")
    key = result_key([account, name])
    path = f"/{name}"
    header = ResultHeader(
        account, "image", path, "image/png", 6, 1, 1, 10, 0, is_permanent=is_permanent
    )
    cache.put(key, header, body)
    return key


def test_a_reset_takes_away_what_its_pattern_and_switches_name(plane: Plane) -> None:
    cache = ResultCache(plane.folder / "cache")
    quick, slow = store(plane, "quick.png"), store(plane, "slow.png", is_permanent=True)
    other, foreign = store(plane, "other.jpg"), store(plane, "quick.png", account=OTHER_ACCOUNT)

    def left() -> list[bool]:
        return [cache.find(key) is not None for key in (quick, slow, other, foreign)]

    plane.send_json("POST", RESET, ask("/image/other.jpg"))
    plane.work()
    assert left() == [True, True, False, True]
    plane.send_json("POST", RESET, ask("/image/*", permanent=False))
    plane.work()
    assert left() == [False, True, False, True]
    plane.send_json("POST", RESET, ask("/*", edge=False))
    plane.work()
    assert left() == [False, False, False, True]
