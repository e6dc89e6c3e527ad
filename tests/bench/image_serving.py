"""What results cost once they are there, and what making them costs everybody else.

Run with `python -m tests.bench.image_serving`. Two questions, each to a server of its own:

- Is a result that was made before served like a file? wrk asks for one of each, of about the same
  size, in turns; told is the ratio of their rates.
- Do files wait while images are made? A paced client reads a file 250 times a second, on a quiet
  server and while eight clients ask for images that nobody asked for before; told are its times and
  how those eight were answered: with results, or told to come back.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import perf_counter, sleep
from typing import Final
from urllib.parse import urlsplit

from tests.bench.bulk import Reader
from tests.bench.images import photo
from tests.e2e.server import Server, request, serving

ROUNDS: Final = 6
SECONDS: Final = 2
BUSY_CLIENTS: Final = 8
SPAN_SECONDS: Final = 10.0
REPORT: Final = Path(__file__).parents[2] / "docs" / "benchmarks" / "image_serving"
_RATE: Final = re.compile(r"Requests/sec:\s+([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found; rates in requests a second, times in milliseconds."""

    raw_rate: float
    warm_rate: float
    warm_to_raw: float
    idle_p50: float
    idle_p99: float
    busy_p50: float
    busy_p99: float
    answers: dict[str, int]


def main() -> None:
    """Measure, print, and write the report beside the documentation."""
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("wrk is missing; `make bench` installs it")
    with (
        tempfile.TemporaryDirectory(prefix="byteward-bench-") as folder,
        serving(Path(folder) / "data") as server,
    ):
        base = f"{server.cdn}/{server.account_id}"
        _store(server, "photo.jpg", bytes(photo(2000, 1333).jpegsave_buffer(Q=85)))
        warm = f"{base}/image/photo.jpg?w=300&f=jpeg&q=80"
        result = request("GET", warm).body
        _store(server, "file.jpg", result)
        pairs = [(_rate(wrk, f"{base}/raw/file.jpg"), _rate(wrk, warm)) for _ in range(ROUNDS)]
        quiet, busy, answers = _beside_work(f"{base}/raw/file.jpg", f"{base}/image/photo.jpg")
    figures = Figures(
        statistics.median(raw for raw, _ in pairs),
        statistics.median(rate for _, rate in pairs),
        statistics.median(rate / raw for raw, rate in pairs),
        statistics.median(quiet),
        quiet[int(len(quiet) * 0.99)],
        statistics.median(busy),
        busy[int(len(busy) * 0.99)],
        answers,
    )
    _report(figures, len(result))


def _store(server: Server, name: str, body: bytes) -> None:
    url = f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath=/{name}"
    headers = {"Authorization": f"Bearer {server.secret_key}", "Content-Type": "image/jpeg"}
    if request("POST", url, headers=headers, body=body).status != 200:
        sys.exit(f"{name} was not stored")


def _rate(wrk: str, url: str) -> float:
    command = [wrk, "-t1", "-c16", f"-d{SECONDS}s", url]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    found = _RATE.search(done.stdout)
    if found is None or "Non-2xx" in done.stdout:
        sys.exit(done.stdout)
    return float(found[1])


def _beside_work(raw: str, image: str) -> tuple[list[float], list[float], dict[str, int]]:
    reader = Reader(raw, {})
    reader.start()
    spans: dict[str, list[tuple[float, float]]] = {"quiet": [], "busy": []}
    answers: Counter[str] = Counter()
    for number in range(2):
        spans["quiet"].append(_span())
        # A process of their own: threads of this one would make the reader wait for its turn.
        command = [sys.executable, "-m", "tests.bench.image_serving", image, str(number)]
        busy = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        spans["busy"].append(_span())
        told, _ = busy.communicate()
        answers.update(json.loads(told))
    reader.stop()
    times = {
        name: sorted(took for span in each for took in reader.between(*span))
        for name, each in spans.items()
    }
    return times["quiet"], times["busy"], dict(answers)


def _span() -> tuple[float, float]:
    sleep(1)
    began = perf_counter()
    sleep(SPAN_SECONDS)
    return began, perf_counter()


def keep_busy(image: str, first: int) -> None:
    """Ask for new results until the input ends, and tell how that was answered."""
    answers: Counter[str] = Counter()
    is_over, numbers = threading.Event(), count(first * 1_000_000)
    busy = [
        threading.Thread(target=_ask, args=(image, numbers, answers, is_over))
        for _ in range(BUSY_CLIENTS)
    ]
    for each in busy:
        each.start()
    sys.stdin.read()
    is_over.set()
    for each in busy:
        each.join()
    print(json.dumps(answers))  # noqa: T201 - the result


def _ask(image: str, numbers: count[int], answers: Counter[str], is_over: threading.Event) -> None:
    """Ask for one new result after the other."""
    url = urlsplit(image)
    while not is_over.is_set():
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=60)
        connection.request("GET", f"{url.path}?w=700&f=webp&version={next(numbers)}")
        answer = connection.getresponse()
        answer.read()
        connection.close()
        answers[str(answer.status)] += 1
        if answer.status in {429, 503}:
            sleep(0.2)


def _report(found: Figures, size: int) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    ratio = found.busy_p99 / found.idle_p99
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"
    content = {
        "date": now,
        "command": "python -m tests.bench.image_serving",
        "versions": {"python": platform.python_version(), "machine": machine},
        "figures": asdict(found) | {"p99_ratio": ratio},
    }
    REPORT.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n")
    told = ", ".join(f"{status}: {times}" for status, times in sorted(found.answers.items()))
    text = f"""# Serving images

Written by `python -m tests.bench.image_serving` on {now}; its docstring says what is measured.

## A result that was made before, beside a file of {size / 1000:.0f} KB

A file {found.raw_rate:,.0f} times a second, a result {found.warm_rate:,.0f} times: **{found.warm_to_raw:.2f}** (at least 0.9 is wanted).

## Files while images are made

| | p50 ms | p99 ms |
|---|---|---|
| quiet | {found.idle_p50:.2f} | {found.idle_p99:.2f} |
| {BUSY_CLIENTS} clients ask for new images | {found.busy_p50:.2f} | {found.busy_p99:.2f} |

The slowest hundredth takes **{ratio:.2f}** times as long (below 2 is wanted). The clients were answered {told}.

- python: {platform.python_version()}
- machine: {machine}
"""  # noqa: E501 - a document
    REPORT.with_suffix(".md").write_text(text)
    print(text, flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    if len(sys.argv) > 1:
        keep_busy(sys.argv[1], int(sys.argv[2]))
    else:
        main()
