"""Proof that hostile requests left a server as it was: its files, its settings, its processes."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any, Final

from tests.conformance.http_world import World, bytes_of
from tests.e2e.server import Answer, Server, processes_of, run_command

SWEEP_SECONDS: Final = 5.0
_KINDS: Final = {
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    410,
    411,
    412,
    413,
    414,
    415,
    416,
    421,
    429,
    431,
}


def processes(server: Server) -> frozenset[int]:
    """Ids of the server's processes; a worker that died and was replaced changes them."""
    return frozenset(processes_of(server.process.pid))


def objects(server: Server) -> frozenset[str]:
    """Names of the stored objects."""
    folder = server.data / "objects"
    return frozenset(each.name for each in folder.rglob("*") if each.is_file())


def leftovers(server: Server) -> list[str]:
    """What uploads left in `tmp/` after the time that a clean-up may take."""
    deadline = time.monotonic() + SWEEP_SECONDS
    while True:
        left = sorted(each.name for each in (server.data / "tmp").iterdir())
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def configuration(server: Server) -> Any:  # noqa: ANN401 - compared as a whole
    """The account document of what is stored."""
    done = run_command("export", "--json", data=server.data)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Snapshot:
    """What must not change."""

    pids: frozenset[int]
    objects: frozenset[str]
    configuration: Any  # Any: compared as a whole

    @classmethod
    def of(cls, server: Server) -> Snapshot:
        return cls(processes(server), objects(server), configuration(server))


def changes(world: World, before: Snapshot, *, accepted: int = 0) -> list[str]:
    """Everything that is not as it was; `accepted` uploads had a right to leave an object each."""
    after = Snapshot.of(world.server)
    found = [
        name for name in ("pids", "configuration") if getattr(before, name) != getattr(after, name)
    ]
    more = after.objects - before.objects
    if len(more) > accepted or before.objects - after.objects:
        found.append(f"objects: {len(before.objects)} and {len(more)} more")
    for account_id, paths in world.files.items():
        found += [path for path in paths if world.stored(account_id, path) != bytes_of(path)]
    return found + leftovers(world.server)


def refusal_problems(answer: Answer, *, is_head: bool = False) -> list[str]:
    """What is wrong with an answer that should be a documented refusal."""
    if answer.status not in _KINDS:
        return [f"status {answer.status}"]
    if is_head:
        return []
    try:
        error = answer.json["error"]
    except (ValueError, KeyError, TypeError):
        return [f"{answer.status} without the error envelope: {answer.body[:200]!r}"]
    found = [name for name in ("code", "message", "timestamp") if not isinstance(error[name], str)]
    if answer.headers.get("x-content-type-options") != "nosniff":
        found.append("no nosniff")
    if "no-store" not in answer.headers.get("cache-control", "") and answer.status != 404:
        found.append(f"cache-control {answer.headers.get('cache-control')}")
    if any(word in answer.body for word in (b"Traceback", b"/tmp/", b"sqlite", b"SELECT ")):
        found.append(f"an answer that tells too much: {answer.body[:300]!r}")
    return found
