"""What transforming an image costs, beside ipx and thumbor, in one run on the same machine.

Run with `python -m tests.bench.images`. Photos are drawn here. Two clients ask each server in turn,
format by format, for results that it has not made before: ours by a new `version` in every URL, the
other two keep none. Processor time is that of the whole machine without that of the clients, so run
it when nothing else does; memory is the most that a server's processes had together, shared pages
counted once. The similarity of each result to an exact resize is told as SSIM of the luma.

ipx is the image server of the Nuxt project on sharp (libvips); thumbor is run with Pillow, its
default engine. Each has the quality that is asked for, and its own defaults otherwise.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pyvips

from tests.e2e.server import free_port, processes_of, request, serving

HERE: Final = Path(__file__).parent
REPORT: Final = HERE.parents[1] / "docs" / "benchmarks" / "images"
CLIENTS: Final = 2
ROUNDS: Final = 3
SECONDS: Final = 3.0
QUALITY: Final = {"jpeg": 80, "png": None, "webp": 75, "avif": 65}


@dataclass(frozen=True, slots=True)
class Task:
    """A photo and the size that is wanted."""

    name: str
    file: str
    width: int
    height: int | None

    def __str__(self) -> str:
        return self.name


TASKS: Final = (
    Task("2000 x 1333 to 500 wide", "small.jpg", 500, None),
    Task("12 megapixels to 800 x 600", "large.jpg", 800, 600),
)


@dataclass(frozen=True, slots=True)
class Rival:
    """A server under test.

    Attributes:
        name: in the report.
        base: of its URLs.
        session: of its processes.
        target: the URL's path for a task, a format, and a number that is always another one.
    """

    name: str
    base: str
    session: int
    target: Callable[[Task, str, int], str]


@dataclass(frozen=True, slots=True)
class Round:
    """What one server did in one round.

    Attributes:
        rate: results a second.
        p95_ms: of the answers' times.
        cpu_ms: processor time of each result.
        rss_bytes: most memory of all its processes together.
        size_bytes: of a result.
        ssim: of a result, at most 1.
    """

    rate: float
    p95_ms: float
    cpu_ms: float
    rss_bytes: int
    size_bytes: int
    ssim: float


def photo(width: int, height: int) -> pyvips.Image:
    """Something like a photo: soft shapes, edges, and grain."""
    shapes = pyvips.Image.perlin(width, height, cell_size=256) * 100 + 128
    detail = pyvips.Image.worley(width, height, cell_size=48) * 2
    grain = pyvips.Image.gaussnoise(width, height, sigma=6, mean=0)
    bands = [
        shapes + detail + grain,
        shapes * 0.8 + detail * 0.5 + grain,
        shapes * 0.6 + grain + 30,
    ]
    return bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")


def ssim(one: pyvips.Image, other: pyvips.Image) -> float:
    """Mean structural similarity of two images' luma (Wang et al., 2004)."""
    a, b = (each.colourspace("b-w").extract_band(0).cast("float") for each in (one, other))
    mean = {name: each.gaussblur(1.5) for name, each in (("a", a), ("b", b))}
    variance_a = (a * a).gaussblur(1.5) - mean["a"] * mean["a"]
    variance_b = (b * b).gaussblur(1.5) - mean["b"] * mean["b"]
    covariance = (a * b).gaussblur(1.5) - mean["a"] * mean["b"]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean["a"] * mean["b"] + c1) * (2 * covariance + c2)
    bottom = (mean["a"] ** 2 + mean["b"] ** 2 + c1) * (variance_a + variance_b + c2)
    return float((top / bottom).avg())


@contextmanager
def ours(photos: Path, folder: Path) -> Iterator[Rival]:
    """This server, one worker a plane."""
    with serving(folder / "data") as server:
        for task in TASKS:
            url = f"{server.api}/v2/accounts/{server.account_id}/uploads/binary"
            headers = {"Authorization": f"Bearer {server.secret_key}"}
            body = (photos / task.file).read_bytes()
            stored = request("POST", f"{url}?filePath=/{task.file}", headers=headers, body=body)
            if stored.status != 200:
                sys.exit("the photo was not stored")

        def target(task: Task, output: str, number: int) -> str:
            sides = f"w={task.width}" + (f"&h={task.height}&fit=crop" if task.height else "")
            quality = QUALITY[output]
            asked = sides + f"&f={output}" + (f"&q={quality}" if quality else "")
            return f"/{server.account_id}/image/{task.file}?{asked}&version={number}"

        yield Rival("byteward", server.cdn, server.process.pid, target)


@contextmanager
def ipx(photos: Path, _: Path) -> Iterator[Rival]:
    """ipx from its own lock file (tests/bench/node)."""
    port = free_port()
    command = ["node", str(HERE / "node" / "ipx.mjs"), str(photos), str(port)]

    def target(task: Task, output: str, _: int) -> str:
        sides = f"s_{task.width}x{task.height},fit_cover" if task.height else f"w_{task.width}"
        quality = QUALITY[output]
        return f"/{sides},f_{output}" + (f",q_{quality}" if quality else "") + f"/{task.file}"

    with _running(command, port) as process:
        yield Rival("ipx", f"http://127.0.0.1:{port}", process.pid, target)


@contextmanager
def thumbor(photos: Path, folder: Path) -> Iterator[Rival]:
    """thumbor from requirements/bench.txt, in an environment of its own."""
    port = free_port()
    settings = folder / "thumbor.conf"
    settings.write_text(
        f"LOADER = 'thumbor.loaders.file_loader'\nFILE_LOADER_ROOT_PATH = {str(photos)!r}\n"
        "STORAGE = 'thumbor.storages.no_storage'\nRESULT_STORAGE = None\n"
        "ALLOW_UNSAFE_URL = True\nQUALITY = 80\n"
    )
    command = [str(environment() / "bin/thumbor"), "-p", str(port), "-i", "127.0.0.1"]
    command += ["-c", str(settings), "-l", "error", "--processes", "2"]

    def target(task: Task, output: str, _: int) -> str:
        quality = QUALITY[output]
        filters = f"filters:format({output})" + (f":quality({quality})" if quality else "")
        return f"/unsafe/{task.width}x{task.height or 0}/{filters}/{task.file}"

    with _running(command, port) as process:
        yield Rival("thumbor", f"http://127.0.0.1:{port}", process.pid, target)


def environment() -> Path:
    """The virtual environment of thumbor, made on first use."""
    folder = HERE.parents[1] / ".venv" / "rivals" / "thumbor"
    pins = HERE.parents[1] / "requirements" / "bench.txt"
    stamp = folder / "stamp"
    if not stamp.exists() or stamp.read_text() != pins.read_text():
        _say("installing thumbor …")
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "--quiet", "--clear", str(folder)], check=True)
        python = str(folder / "bin/python")
        install = [uv, "pip", "install", "--quiet", "--python", python, "--require-hashes"]
        subprocess.run([*install, "--requirement", str(pins)], check=True)
        stamp.write_text(pins.read_text())
    return folder


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                request("GET", f"http://127.0.0.1:{port}/", timeout=5)
                break
            if process.poll() is not None:
                sys.exit(f"{command[0]} ended with {process.returncode}")
            time.sleep(0.1)
        yield process
    finally:
        for pid in processes_of(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 15)
        process.wait(20)


class _Memory(threading.Thread):
    """Looks at a server's memory again and again."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.most = 0
        self._session = session
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.wait(0.2):
            self.most = max(self.most, sum(map(_pss, processes_of(self._session))))

    def stop(self) -> int:
        self._is_over.set()
        self.join()
        return self.most


def _pss(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


_NUMBERS: Final = count(time.time_ns() // 1_000_000)


def measure(rival: Rival, task: Task, output: str, exact: pyvips.Image) -> Round:
    """Two clients for a few seconds."""
    body = _get(rival, task, output)[1]
    image = pyvips.Image.new_from_buffer(body, "").colourspace("srgb").extract_band(0, n=3)
    if (image.width, image.height) != (exact.width, exact.height):
        sys.exit(f"{rival.name}: {task}, {output} is {image.width} x {image.height}")
    memory = _Memory(rival.session)
    memory.start()
    times: list[float] = []
    busy, own, began = _machine_seconds(), _own_seconds(), time.monotonic()
    until = began + SECONDS

    def client() -> None:
        while time.monotonic() < until:
            times.append(_get(rival, task, output)[0])

    with ThreadPoolExecutor(CLIENTS) as pool:
        for each in [pool.submit(client) for _ in range(CLIENTS)]:
            each.result()
    took = time.monotonic() - began
    cpu = _machine_seconds() - busy - (_own_seconds() - own)
    times.sort()
    return Round(
        len(times) / took,
        times[int(len(times) * 0.95)] * 1e3,
        cpu / len(times) * 1e3,
        memory.stop(),
        len(body),
        ssim(image, exact),
    )


def _get(rival: Rival, task: Task, output: str) -> tuple[float, bytes]:
    url = urlsplit(rival.base)
    target = rival.target(task, output, next(_NUMBERS))
    began = time.monotonic()
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=120)
    try:
        connection.request("GET", target, headers={"Accept": f"image/{output},*/*"})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    wanted = f"image/{output}"
    if answer.status != 200 or answer.headers.get_content_type() != wanted:
        sys.exit(f"{rival.name}: {target}: {answer.status} {answer.headers['content-type']}")
    return time.monotonic() - began, body


def _machine_seconds() -> float:
    """Processor time that everything on the machine has used."""
    fields = [int(each) for each in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]]
    user, nice, system, _idle, _iowait, irq, softirq = fields
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    used = os.times()
    return used.user + used.system


def main() -> None:
    """Measure, print, and write the report beside the documentation."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("ipx needs Node 20 or newer with npm")
    subprocess.run(
        [npm, "ci", "--prefix", str(HERE / "node"), "--no-audit", "--no-fund", "--silent"],
        check=True,
    )
    environment()
    found: dict[tuple[str, str, str], list[Round]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="byteward-bench-") as name,
        contextlib.ExitStack() as opened,
    ):
        folder = Path(name)
        photos = folder / "photos"
        photos.mkdir()
        originals = {"small.jpg": photo(2000, 1333), "large.jpg": photo(4000, 3000)}
        for file, image in originals.items():
            image.jpegsave(str(photos / file), Q=90)
        rivals = [opened.enter_context(each(photos, folder)) for each in (ours, ipx, thumbor)]
        for number in range(ROUNDS):
            for task in TASKS:
                source = pyvips.Image.new_from_file(str(photos / task.file))
                exact = source.thumbnail_image(
                    task.width,
                    height=task.height or 10_000,
                    crop="none" if not task.height else "centre",
                ).copy_memory()
                for output in QUALITY:
                    for rival in rivals[number % 3 :] + rivals[: number % 3]:
                        done = measure(rival, task, output, exact)
                        found.setdefault((task.name, output, rival.name), []).append(done)
                        _say(
                            f"{task}, {output:4} {rival.name:8} {done.rate:6.1f}/s "
                            f"{done.cpu_ms:6.1f} ms"
                        )
    _report(found)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the result


def _median(rounds: Sequence[Round]) -> Round:
    return Round(
        statistics.median(each.rate for each in rounds),
        statistics.median(each.p95_ms for each in rounds),
        statistics.median(each.cpu_ms for each in rounds),
        max(each.rss_bytes for each in rounds),
        rounds[0].size_bytes,
        rounds[0].ssim,
    )


def _report(found: dict[tuple[str, str, str], list[Round]]) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    packages = json.loads((HERE / "node" / "package.json").read_text())["dependencies"]
    pins = (HERE.parents[1] / "requirements" / "bench.txt").read_text().splitlines()
    versions = {
        "python": platform.python_version(),
        "libvips": ".".join(str(pyvips.version(part)) for part in range(3)),
        "ipx": packages["ipx"],
        "thumbor": next(line for line in pins if line.startswith("thumbor==")).split()[0][9:],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
    }
    lines: list[str] = []
    rows: list[dict[str, object]] = []
    for task in TASKS:
        lines += [f"## {task.name.capitalize()}", ""]
        head = [
            "format",
            "server",
            "results/s",
            "p95 ms",
            "CPU ms",
            "peak MB",
            "KB",
            "SSIM",
            "ours/its",
        ]
        lines += ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
        for output in QUALITY:
            for server in ("byteward", "ipx", "thumbor"):
                rounds = found[task.name, output, server]
                each = _median(rounds)
                pairs = zip(found[task.name, output, "byteward"], rounds, strict=True)
                ratio = statistics.median(a.rate / b.rate for a, b in pairs)
                cells = [
                    output,
                    server,
                    f"{each.rate:.1f}",
                    f"{each.p95_ms:.0f}",
                    f"{each.cpu_ms:.0f}",
                    f"{each.rss_bytes / 1e6:.0f}",
                    f"{each.size_bytes / 1e3:.0f}",
                    f"{each.ssim:.3f}",
                    "" if server == "byteward" else f"{ratio:.2f}",
                ]
                lines.append("| " + " | ".join(cells) + " |")
                named = {"task": task.name, "format": output, "server": server}
                rows.append(named | asdict(each) | {"ours_to_its": ratio})
        lines.append("")
    content = {
        "date": now,
        "command": "python -m tests.bench.images",
        "versions": versions,
        "rows": rows,
    }
    REPORT.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n")
    about = "\n".join(f"- {name}: {text}" for name, text in versions.items())
    REPORT.with_suffix(".md").write_text(
        "# Transforming an image\n\n"
        f"Written by `python -m tests.bench.images` on {now}; its docstring says what is "
        "measured.\n"
        f"Medians of {ROUNDS} rounds of {SECONDS:.0f} seconds with {CLIENTS} clients. At "
        "least as many results\nas ipx and 1.5 times as many as thumbor are wanted.\n\n"
        + "\n".join(lines)
        + f"\n{about}\n"
    )


if __name__ == "__main__":
    main()
