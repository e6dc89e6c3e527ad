"""What a permission decision costs, in microseconds and as ratios.

Run with `python -m tests.bench.decisions`. Every figure is the best of several rounds, because
other work on the machine only ever makes a round slower. Nothing here touches a database: the
figures for a million folders are those of everything but the query.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from time import perf_counter

import msgspec

from byteward.access.actions import Action
from byteward.access.decide import decide
from byteward.access.explain import explain
from byteward.access.model import (
    KeyAccess,
    KeyKind,
    Principal,
    PrincipalKind,
    PublicPermissions,
    Segments,
)
from byteward.access.policy import parse_path_permissions, parse_public_permissions
from byteward.access.public import PublicEntries, nearest_public
from byteward.access.rules import PathRules
from byteward.paths import parse_segments
from tests.oracles.access_oracle import oracle_allows

FOLDERS = 1_000_000
RULES = 10_000
PUBLIC = PublicPermissions((), (), ("thumbnail-*",))
ANONYMOUS = Principal(PrincipalKind.ANONYMOUS, "A623uY2")


def _microseconds(work: Callable[[], object], calls: int, rounds: int = 7) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = perf_counter()
        for _ in range(calls):
            work()
        best = min(best, perf_counter() - start)
    return best / calls * 1e6


def _rules(count: int) -> list[dict[str, object]]:
    permissions = {
        "read": {"file": {"downloadFile": ["image", "thumb-*"], "getFileDetails": True}},
        "write": {"file": {"createFile": True, "deleteFile": False}},
    }
    return [
        {"match": {"path": f"/users/u{n}", "scope": "Grandchildren+"}, "permissions": permissions}
        for n in range(count)
    ]


def _key(rules: list[dict[str, object]]) -> Principal:
    compiled = PathRules(parse_path_permissions(rules, is_token=False))
    key = KeyAccess("F91kfA1g", KeyKind.SECRET, compiled)
    return Principal(PrincipalKind.API_KEY, "A623uY2", key)


def warm() -> dict[str, float]:
    """A download decided by the last thing asked: public permissions first, then the key."""
    figures: dict[str, float] = {}
    for count in (1, RULES):
        principal = _key(_rules(count))
        path = ("users", f"u{count // 2}", "2024", "photo.jpg")

        def ask(principal: Principal = principal, path: Segments = path) -> object:
            return decide(principal, Action.DOWNLOAD_FILE, path, slug="thumb-x", public=PUBLIC)

        figures[f"warm decision, {count:,} rules (us)"] = _microseconds(ask, 20_000)
    principal = _key(_rules(RULES))
    deep = ("users", "u7", *["x"] * 500, "photo.jpg")
    figures["warm decision, 10,000 rules, 503 segments (us)"] = _microseconds(
        lambda: decide(principal, Action.CREATE_FILE, deep), 20_000
    )
    denied = decide(principal, Action.DELETE_FILE, ("users", "u7", "a", "b"))
    figures["explanation in words (us)"] = _microseconds(lambda: explain(denied), 2_000)
    return figures


def compile_rules() -> dict[str, float]:
    """Reading and compiling rules, which happens once per key, or once per JWT of 100 rules."""
    figures: dict[str, float] = {}
    for count, calls in ((100, 20), (RULES, 1)):
        rules = _rules(count)

        def compile_all(wire: list[dict[str, object]] = rules) -> object:
            return PathRules(parse_path_permissions(wire, is_token=False))

        figures[f"compile {count:,} rules (us)"] = _microseconds(compile_all, calls, rounds=3)
    return figures


def _stored_folders() -> dict[Segments, bytes]:
    """Setting by folder as it is stored, of every second of a million folders."""
    setting = msgspec.json.encode(
        [
            {"scope": "Children", "permissions": {"file": {"downloadFile": ["image"]}}},
            {"scope": "Grandchildren+", "permissions": {"file": {"downloadFile": ["raw"]}}},
        ]
    )
    return {("a", f"b{n % 1000}", f"c{n}"): setting for n in range(0, FOLDERS, 2)}


def cold() -> dict[str, float]:
    """A download from a folder never asked about: split, read the settings, choose, decide."""
    stored = _stored_folders()
    random = Random(1)
    numbers = [random.randrange(FOLDERS) for _ in range(20_000)]
    paths = iter([f"/a/b{n % 1000}/c{n}/photo.jpg" for n in numbers] * 7)

    def ask() -> object:
        segments = parse_segments(next(paths))
        folder = segments[:-1]
        levels: list[tuple[Segments, PublicEntries]] = []
        for length in range(len(folder), -1, -1):
            setting = stored.get(folder[:length])
            if setting is not None:
                read = parse_public_permissions(msgspec.json.decode(setting))
                levels.append((folder[:length], read))
        public = nearest_public(levels, folder)
        return decide(ANONYMOUS, Action.DOWNLOAD_FILE, segments, slug="image", public=public)

    return {f"cold decision, {FOLDERS:,} folders, without query (us)": _microseconds(ask, 20_000)}


def against_oracle() -> dict[str, float]:
    """How much slower it is to look at every rule."""
    rules = _rules(RULES)
    principal = _key(rules)
    path = ("users", "u5000", "2024", "photo.jpg")
    request: dict[str, object] = {
        "principal": {"key": {"kind": "secret", "pathPermissions": rules}},
        "folders": {},
        "field": Action.CREATE_FILE.value,
        "path": "/" + "/".join(path),
        "slug": None,
    }
    ours = _microseconds(lambda: decide(principal, Action.CREATE_FILE, path), 20_000)
    scan = _microseconds(lambda: oracle_allows(request), 2, rounds=3)
    return {"scan of 10,000 rules (us)": scan, "scan / decision (ratio)": scan / ours}


def run() -> dict[str, float]:
    """All figures by name; names end with the unit."""
    figures = {**warm(), **compile_rules(), **cold(), **against_oracle()}
    few, many = (figures[f"warm decision, {count:,} rules (us)"] for count in (1, RULES))
    figures["10,000 rules / 1 rule (ratio)"] = many / few
    return figures


if __name__ == "__main__":
    for name, value in run().items():
        sys.stdout.write(f"{value:12.2f}  {name}\n")
