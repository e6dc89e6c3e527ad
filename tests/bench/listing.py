"""What a page of a listing costs, for folders and accounts of very different size.

Run with `python -m tests.bench.listing`. Each request is a whole ListFolder of 1,000 entries on the
API plane in this process: authentication, decision, reading, JSON; only the socket is missing.
What is loaded is hidden from the garbage collector first, as a worker of the server does. The
trees are written as rows into a database of their own in a temporary folder. A page has to cost the
same wherever it lies and however large the tree is, so each shape is measured at three sizes and
three places.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection, text

from byteward.db.sqlite_connection import library_version
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane

SIZES: Final = (10_000, 100_000, 1_000_000)
REQUESTS: Final = 300
LIMIT: Final = 1000
WANTED_P99_MS: Final = 20.0
REPORT: Final = Path(__file__).parents[2] / "docs" / "benchmarks" / "listing"

_NUMBERS: Final = (
    "WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {})"
)
_FILES: Final = (
    "INSERT INTO files (folder_id, name, object_id, size_bytes, mime, etag, tags, metadata,"
    " modified_at) {numbers} SELECT {folder}, {name}, 'o', n, 'image/jpeg', 'e', '[]', '{{}}', 1"
    " FROM numbers"
)
_FOLDERS: Final = (
    "INSERT INTO folders (folder_id, account_id, parent_id, name, is_virtual)"
    " {numbers} SELECT {first} + n, '{account}', {parent}, {name}, 0 FROM numbers"
)
_ROOT: Final = "(SELECT folder_id FROM folders AS roots WHERE parent_id IS NULL LIMIT 1)"


@dataclass(frozen=True, slots=True)
class Shape:
    """A tree to list.

    Attributes:
        name: in the report.
        folder: name of the folder in the root that holds it.
        is_recursive: whether everything below the folder is listed.
    """

    name: str
    folder: str
    is_recursive: bool

    def cursor(self, size: int, place: str) -> str | None:
        """Where a page begins that lies there."""
        if place == "first":
            return None
        if self.folder == "flat":
            at = size // 2 if place == "middle" else size - LIMIT - 1
            return f"/flat/f{at:08d}.jpg"
        if self.folder == "spread":
            at = (size // 200) if place == "middle" else size // 100 - 11
            return f"/spread/a{at // 100:05d}/b{at:08d}/f{49 if place == 'middle' else 99:02d}.jpg"
        count = size // 10
        at = count // 2 if place == "middle" else max(count - LIMIT // 2 - 1, 0)
        return f"/{self.folder}/d{at:08d}/"


SHAPES: Final = (
    Shape("one folder with all files", "flat", is_recursive=False),
    Shape("one folder with a tenth as many sub-folders", "subfolders", is_recursive=False),
    Shape("recursive, 100 files in each folder of two levels", "spread", is_recursive=True),
    Shape("recursive, a tenth as many folders with one file each", "thin", is_recursive=True),
)
PLACES: Final = ("first", "middle", "last")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement; milliseconds."""

    shape: str
    size: int
    place: str
    p50: float
    p99: float


def main() -> None:
    """Measure, print, and write the report beside the documentation."""
    gc.freeze()
    figures = list(_measure())
    _report(figures)


def _measure() -> Iterator[Figure]:
    for size in SIZES:
        with api_plane() as plane:
            started = perf_counter()
            _say(f"{size:>9,} files: building …")
            for statement in _statements(size):
                plane.run(plane.services.publication.database.write(_Run(statement)))
            _say(f"{size:>9,} files: built in {perf_counter() - started:.1f} s")
            for shape in SHAPES:
                for place in PLACES:
                    figure = _figure(plane, shape, size, place)
                    _say(f"{figure.p50:8.2f} {figure.p99:8.2f} ms  {place:6}  {shape.name}")
                    yield figure


@dataclass(frozen=True, slots=True)
class _Run:
    statement: str

    def __call__(self, conn: Connection) -> None:
        conn.execute(text(self.statement.replace(":", r"\:")))


def _statements(size: int) -> Iterator[str]:
    """A tree of each shape; folder ids are given in ranges that do not meet."""
    yield (
        "INSERT INTO objects (object_id, size_bytes, sha256, block_digests, is_corrupt, created_at)"
        " VALUES ('o', 1, x'', x'', 0, 1)"
    )
    for number, shape in enumerate(SHAPES, start=100):
        yield _folders(1, number, _ROOT, f"'{shape.folder}'")
    yield _files(size, "100", "printf('f%08d.jpg', n)")
    yield _folders(size // 10, 10_000_000, "101", "printf('d%08d', n)")
    yield _folders(max(size // 10_000, 1), 20_000_000, "102", "printf('a%05d', n)")
    yield _folders(size // 100, 30_000_000, "20000000 + n / 100", "printf('b%08d', n)")
    yield _files(size, "30000000 + n / 100", "printf('f%02d.jpg', n % 100)")
    yield _folders(size // 10, 40_000_000, "103", "printf('d%08d', n)")
    yield _files(size // 10, "40000000 + n", "'photo.jpg'")


def _files(count: int, folder: str, name: str) -> str:
    return _FILES.format(numbers=_NUMBERS.format(count), folder=folder, name=name)


def _folders(count: int, first: int, parent: str, name: str) -> str:
    numbers = _NUMBERS.format(count)
    return _FOLDERS.format(numbers=numbers, first=first, account=ACCOUNT, parent=parent, name=name)


def _figure(plane: Plane, shape: Shape, size: int, place: str) -> Figure:
    target = f"{BASE}/folders/list?folderPath=%2F{shape.folder}&limit={LIMIT}"
    target += f"&recursive={str(shape.is_recursive).lower()}"
    cursor = shape.cursor(size, place)
    if cursor is not None:
        target += f"&cursor={quote(cursor, safe='')}"
    _check(plane, target, is_last=place == "last" or size // 10 <= LIMIT)
    times = sorted(plane.run(_times(plane, target)))
    return Figure(
        shape.name, size, place, statistics.median(times), times[int(len(times) * 0.99) - 1]
    )


def _check(plane: Plane, target: str, *, is_last: bool) -> None:
    answer = plane.call("GET", target, key="SK")
    if answer.status != 200 or not answer.json["items"]:
        sys.exit(f"{target}: {answer.status} {answer.body[:200]!r}")
    if not is_last and answer.json["isPaginationComplete"]:
        sys.exit(f"{target}: is the last page")


async def _times(plane: Plane, target: str) -> list[float]:
    """Milliseconds of each request."""
    times = []
    for _ in range(REQUESTS):
        started = perf_counter()
        await plane.request("GET", target, key="SK")
        times.append((perf_counter() - started) * 1e3)
    return times


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the result


def _report(figures: Sequence[Figure]) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    versions = {
        "python": platform.python_version(),
        "sqlite": library_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
    }
    content = {
        "date": now,
        "command": "python -m tests.bench.listing",
        "versions": versions,
        "wanted_p99_ms": WANTED_P99_MS,
        "milliseconds": [
            {
                "shape": each.shape,
                "files": each.size,
                "page": each.place,
                "p50": round(each.p50, 2),
                "p99": round(each.p99, 2),
            }
            for each in figures
        ],
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n")
    about = "\n".join(f"- {name}: {version}" for name, version in versions.items())
    REPORT.with_suffix(".md").write_text(
        "# A page of a listing\n\n"
        f"Written by `python -m tests.bench.listing` on {now}; its docstring says what is "
        f"measured.\nMilliseconds, p50 / p99 of {REQUESTS} requests for {LIMIT:,} entries each; "
        f"p99 below {WANTED_P99_MS:.0f} is wanted.\n\n{_tables(figures)}\n{about}\n"
    )


def _tables(figures: Sequence[Figure]) -> str:
    found = {(each.shape, each.size, each.place): each for each in figures}
    heads = " | ".join(f"{size:,} files" for size in SIZES)
    lines = []
    for shape in SHAPES:
        lines += [f"## {shape.name.capitalize()}", "", f"| page | {heads} |"]
        lines.append("|---" * (len(SIZES) + 1) + "|")
        for place in PLACES:
            cells = [found[shape.name, size, place] for size in SIZES]
            values = " | ".join(f"{cell.p50:.1f} / {cell.p99:.1f}" for cell in cells)
            lines.append(f"| {place} | {values} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
