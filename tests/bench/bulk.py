"""What work on many files costs, and what it costs the others.

Run with `python -m tests.bench.bulk`. Two questions:

- How long does a folder's move take, for folders of very different size? Each is a whole request on
  the API plane in this process, once to a path of the same length and once to a longer one, for
  which every name in the folder is looked at.
- How long do reads take while a job deletes 100,000 files? A server of its own answers one client
  that reads a public file of 10 KB, and one that asks for a file's details, each 250 times a second
  on one connection: before the job, during it, and after it, three times over.
"""

from __future__ import annotations

import contextlib
import gc
import http.client
import json
import os
import platform
import sqlite3
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, text

from byteward.db.sqlite_connection import library_version
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.e2e.server import Server, request, serving

SIZES: Final = (1_000, 100_000, 1_000_000)
MOVES: Final = 40
DELETED: Final = 100_000
ROUNDS: Final = 3
IDLE_SECONDS: Final = 8.0
PACE_SECONDS: Final = 0.004
"""From one request of a reader to its next: readers that never pause would measure themselves."""

REPORT: Final = Path(__file__).parents[2] / "docs" / "benchmarks" / "bulk"

_NUMBERS: Final = (
    "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {})"
)
_OBJECTS: Final = (
    "INSERT INTO objects (object_id, size_bytes, sha256, block_digests, is_corrupt, created_at)"
    " {numbers} SELECT '{prefix}' || n, 1, x'', x'', 0, 1 FROM numbers"
)
_FILES: Final = (
    "INSERT INTO files (folder_id, name, object_id, size_bytes, mime, etag, tags, metadata,"
    " modified_at) {numbers} SELECT {first} + n / 1000, printf('photo %06d.jpg', n),"
    " '{prefix}' || n, 1, 'image/jpeg', 'e', '[]', '{{}}', 1 FROM numbers"
)
_FOLDER: Final = (
    "INSERT INTO folders (folder_id, account_id, parent_id, name, is_virtual) SELECT {folder},"
    " '{account}', folder_id, '{name}', 0 FROM folders WHERE parent_id IS NULL"
    " AND account_id = '{account}'"
)
_FOLDERS: Final = (
    "INSERT INTO folders (folder_id, account_id, parent_id, name, is_virtual)"
    " {numbers} SELECT {first} + n, '{account}', {folder}, printf('album %04d', n), 0 FROM numbers"
)


@dataclass(frozen=True, slots=True)
class Moved:
    """Milliseconds of a move of a folder with that many files."""

    files: int
    same_length: float
    longer: float


@dataclass(frozen=True, slots=True)
class Reads:
    """Milliseconds of reads; of a quiet server, and beside a job that took `job_seconds`."""

    what: str
    idle_p50: float
    idle_p99: float
    busy_p50: float
    busy_p99: float

    @property
    def ratio(self) -> float:
        """How much longer the slowest hundredth takes beside the job."""
        return self.busy_p99 / self.idle_p99


def main() -> None:
    """Measure, print, and write the report beside the documentation."""
    moved = [_moves(size) for size in SIZES]
    seconds, reads = _beside_a_job()
    _report(moved, seconds, reads)


def tree_statements(account: str, name: str, first: int, files: int) -> Iterator[str]:
    """A folder in the root with `files` files in folders of 1,000; ids begin at `first`."""
    folders = max(1, files // 1000)
    yield _OBJECTS.format(numbers=_NUMBERS.format(files), prefix=name)
    yield _FOLDER.format(folder=first, account=account, name=name)
    yield _FOLDERS.format(
        numbers=_NUMBERS.format(folders), first=first + 1, account=account, folder=first
    )
    yield _FILES.format(numbers=_NUMBERS.format(files), first=first + 1, prefix=name)


def _moves(size: int) -> Moved:
    with api_plane() as plane:
        _say(f"{size:>9,} files: building …")

        def fill(conn: Connection) -> None:
            for statement in tree_statements(ACCOUNT, "here", 100, size):
                conn.execute(text(statement.replace(":", r"\:")))

        plane.run(plane.services.publication.database.write(fill))
        same = [_move(plane, *pair) for pair in _to_and_fro("/here", "/hera")]
        longer = [_move(plane, *pair) for pair in _to_and_fro("/here", "/elsewhere")]
        moved = Moved(size, statistics.median(same), statistics.median(longer[::2]))
        _say(f"{size:>9,} files: {moved.same_length:.2f} ms, longer path {moved.longer:.2f} ms")
        return moved


def _to_and_fro(one: str, other: str) -> Iterator[tuple[str, str]]:
    for number in range(MOVES):
        yield (one, other) if number % 2 == 0 else (other, one)


def _move(plane: Plane, source: str, destination: str) -> float:
    asked = {"source": source, "destination": destination}
    began = perf_counter()
    answer = plane.send_json("POST", f"{BASE}/folders/move", asked)
    took = (perf_counter() - began) * 1e3
    if answer.status != 200:
        sys.exit(f"move: {answer.status} {answer.body[:200]!r}")
    return took


class Reader(threading.Thread):
    """Sends one request after the other and remembers when each began and how long it took."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.times: list[tuple[float, float]] = []
        self._url = urlsplit(url)
        self._headers = headers
        self._is_over = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port)
        target = f"{self._url.path}?{self._url.query}" if self._url.query else self._url.path
        while not self._is_over.is_set():
            began = perf_counter()
            connection.request("GET", target, headers=self._headers)
            answer = connection.getresponse()
            answer.read()
            took = perf_counter() - began
            self.times.append((began, took * 1e3))
            sleep(max(0.0, PACE_SECONDS - took))
            if answer.status != 200:
                sys.exit(f"{target}: {answer.status}")

    def between(self, start: float, end: float) -> list[float]:
        """How long the requests of a time took."""
        return [took for began, took in self.times if start <= began < end]

    def stop(self) -> None:
        """Let the request that is running be the last one."""
        self._is_over.set()
        self.join()


def _beside_a_job() -> tuple[list[float], list[Reads]]:
    with tempfile.TemporaryDirectory(prefix="byteward-bench-") as folder:
        data = Path(folder) / "data"
        with serving(data) as server:
            account_id = server.account_id
            _upload(server)
        _say(f"building {ROUNDS} folders of {DELETED:,} files …")
        with contextlib.closing(sqlite3.connect(data / "byteward.db")) as database, database:
            for number in range(ROUNDS):
                first = 1_000_000 * (number + 1)
                for statement in tree_statements(account_id, f"t{number}", first, DELETED):
                    database.execute(statement)
        with serving(data) as server:
            return _measure(server)


def _upload(server: Server) -> None:
    url = f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath=/read/photo.jpg"
    headers = {"Authorization": f"Bearer {server.secret_key}", "Content-Type": "image/jpeg"}
    if request("POST", url, headers=headers, body=bytes(10_240)).status != 200:
        sys.exit("the file to read was not stored")


def _measure(server: Server) -> tuple[list[float], list[Reads]]:
    key = {"Authorization": f"Bearer {server.secret_key}"}
    account = f"{server.api}/v2/accounts/{server.account_id}"
    readers = {
        "public file of 10 KB": Reader(f"{server.cdn}/{server.account_id}/raw/read/photo.jpg", {}),
        "details of a file": Reader(f"{account}/files/details?filePath=/read/photo.jpg", key),
    }
    # The collector of this process must not stop the readers.
    gc.collect()
    gc.disable()
    for reader in readers.values():
        reader.start()
    idle: list[tuple[float, float]] = []
    busy: list[tuple[float, float]] = []
    for number in range(ROUNDS):
        idle.append(_quiet())
        busy.append(_delete(account, key, f"/t{number}"))
        _say(f"deleted {DELETED:,} files in {busy[-1][1] - busy[-1][0]:.1f} s")
    idle.append(_quiet())
    for reader in readers.values():
        reader.stop()
    return [end - start for start, end in busy], [
        _reads(what, reader, idle, busy) for what, reader in readers.items()
    ]


def _quiet() -> tuple[float, float]:
    sleep(1)
    began = perf_counter()
    sleep(IDLE_SECONDS)
    return began, perf_counter()


def _delete(account: str, key: dict[str, str], folder: str) -> tuple[float, float]:
    headers = key | {"Content-Type": "application/json"}
    began = perf_counter()
    body = json.dumps({"folderPath": folder}).encode()
    accepted = request("DELETE", f"{account}/folders", headers=headers, body=body).json
    url = f"{account}/jobs/{accepted['jobType']}/{accepted['jobId']}"
    deadline = monotonic() + 600
    told = -1
    while monotonic() < deadline:
        job: Any = request("GET", url, headers=key).json
        done = job["summary"]["progress"]["filesDeleted"]
        if done // 20_000 != told // 20_000:
            _say(f"  {done:>7,} deleted")
            told = done
        if job["status"] in {"Succeeded", "Failed"}:
            if (job["status"], done) != ("Succeeded", DELETED):
                sys.exit(f"the job ended otherwise: {job}")
            return began, perf_counter()
        sleep(0.2)
    sys.exit("the job did not end")


def _reads(
    what: str,
    reader: Reader,
    idle: Sequence[tuple[float, float]],
    busy: Sequence[tuple[float, float]],
) -> Reads:
    quiet = sorted(took for span in idle for took in reader.between(*span))
    beside = sorted(took for span in busy for took in reader.between(*span))
    reads = Reads(
        what,
        statistics.median(quiet),
        quiet[int(len(quiet) * 0.99)],
        statistics.median(beside),
        beside[int(len(beside) * 0.99)],
    )
    _say(
        f"{what}: idle {reads.idle_p50:.2f} / {reads.idle_p99:.2f} ms, beside the job"
        f" {reads.busy_p50:.2f} / {reads.busy_p99:.2f} ms, p99 {reads.ratio:.2f} times"
    )
    return reads


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the result


def _report(moved: Sequence[Moved], seconds: Sequence[float], reads: Sequence[Reads]) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    versions = {
        "python": platform.python_version(),
        "sqlite": library_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
    }
    rows = [
        {"files": e.files, "same_length_ms": e.same_length, "longer_ms": e.longer} for e in moved
    ]
    beside = [
        {
            "what": each.what,
            "idle_p50_ms": each.idle_p50,
            "idle_p99_ms": each.idle_p99,
            "busy_p50_ms": each.busy_p50,
            "busy_p99_ms": each.busy_p99,
            "p99_ratio": each.ratio,
        }
        for each in reads
    ]
    content = {
        "date": now,
        "command": "python -m tests.bench.bulk",
        "versions": versions,
        "moves": rows,
        "job_seconds": list(seconds),
        "reads": beside,
    }
    REPORT.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n")
    moves = "\n".join(
        f"| {each.files:,} | {each.same_length:.1f} | {each.longer:.1f} |" for each in moved
    )
    table = "\n".join(
        f"| {each.what} | {each.idle_p50:.2f} / {each.idle_p99:.2f} |"
        f" {each.busy_p50:.2f} / {each.busy_p99:.2f} | {each.ratio:.2f} |"
        for each in reads
    )
    about = "\n".join(f"- {name}: {version}" for name, version in versions.items())
    took = ", ".join(f"{each:.1f}" for each in seconds)
    REPORT.with_suffix(".md").write_text(
        f"""# Work on many files

Written by `python -m tests.bench.bulk` on {now}; its docstring says what is measured.

## A folder's move

Milliseconds, the median of {MOVES} requests; below 100 for a million files is wanted.

| files in the folder | to a path of the same length | to a longer path |
|---|---|---|
{moves}

## Reads beside a job of {DELETED:,} deletions

The jobs took {took} seconds. Milliseconds, p50 / p99; a p99 below twice that of a quiet server is
wanted.

| reads | quiet | beside the job | p99 ratio |
|---|---|---|---|
{table}

{about}
"""
    )


if __name__ == "__main__":
    main()
