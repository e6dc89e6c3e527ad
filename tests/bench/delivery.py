"""What delivering a file costs, against nginx on the same core, in one run.

Run with `python -m tests.bench.delivery`. One worker of ours and one of nginx share core 0, wrk has
core 1; only one side is under load at a time and the sides alternate, so that other work on the
machine reaches both. Read the ratios; the rates are this machine's alone. Beside each rate stands
the processor time that the serving processes spent on one request, as the scheduler accounts it:
other work on the machine takes rate away, but hardly changes that.

nginx is Debian's package with sendfile on and the access log off, as ours is by default. It is
measured with and without `open_file_cache`: with it, nginx serves a file up to a minute after it
was replaced; ours notices on the next request. For private files nginx asks an upstream
(`auth_request`) over a kept connection. Three upstreams are measured, each on nginx's core: an
application on uvicorn that checks the JWT and remembers tokens (`jwt_checker.py`), which is what
somebody without this server would write; our own server, asked by HEAD whether it would send the
file; and nginx itself answering 204 without looking at anything, which no real one can beat.

A ratio is the median of those of the single rounds, in which its two sides follow each other.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from byteward.app import cdn_app
from byteward.config import Config
from byteward.server.plane import Plane
from byteward.server.supervisor import Supervisor
from tests.bench.jwt_checker import KEY_VARIABLE
from tests.integration.delivery.cdn_plane import ACCOUNT, cdn_plane, config_in

ROUNDS: Final = 6
SECONDS: Final = 2
CONNECTIONS: Final = 32
FAR: Final = 4102444800
REPORT: Final = Path(__file__).parents[2] / "docs" / "benchmarks" / "delivery"
SIZES: Final = {"k10": 10_000, "m1": 1_000_000}
_RATE: Final = re.compile(r"Requests/sec:\s+([0-9.]+)")
_COUNT: Final = re.compile(r"([0-9]+) requests in")
_BAD: Final = re.compile(r"Non-2xx or 3xx responses|Socket errors")

NGINX: Final = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
  types {{ }} default_type image/jpeg;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  upstream yes {{ server 127.0.0.1:{yes}; keepalive 64; keepalive_requests 100000; }}
  upstream checker {{ server 127.0.0.1:{checker}; keepalive 64; keepalive_requests 100000; }}
  upstream ours {{ server 127.0.0.1:{ours}; keepalive 64; keepalive_requests 100000; }}
  server {{ listen 127.0.0.1:{yes}; location / {{ return 204; }} }}
  server {{
    listen 127.0.0.1:{port}; root {folder}/www;
    location /cached/ {{ alias {folder}/www/; open_file_cache max=1000 inactive=60s; }}
    location /asked/ {{ alias {folder}/www/; auth_request /yes; }}
    location /checked/ {{ alias {folder}/www/; auth_request /checker; }}
    location /decided/ {{ alias {folder}/www/; auth_request /ours; }}
    location = /yes {{
      internal; proxy_pass http://yes; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off;
    }}
    location = /checker {{
      internal; proxy_pass http://checker; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off; proxy_set_header X-Original-URI $request_uri;
    }}
    location = /ours {{
      internal; proxy_pass http://ours/{account}/raw/private/k10; proxy_method HEAD;
      proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass_request_body off;
    }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Side:
    """One thing to load: a name, a URL, the processes that serve it, and perhaps a JWT."""

    name: str
    url: str
    pids: tuple[int, ...]
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What one round, or the median of all, gave: requests a second, and µs of CPU for each."""

    rate: float
    microseconds: float


@dataclass(frozen=True, slots=True)
class Server:
    """Something that is served from, and the process that does it."""

    port: int
    pid: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A ratio to report: `left` over `right`, and what it should be at least."""

    name: str
    left: str
    right: str
    target: float | None


COMPARISONS: Final = (
    Comparison("10 KB public / nginx static", "public", "static", 0.8),
    Comparison("10 KB public / nginx static, open_file_cache", "public", "static_cached", None),
    Comparison("10 KB private by JWT / 10 KB public", "private", "public", 0.9),
    Comparison("1 MB public / nginx static", "public_1mb", "static_1mb", 0.75),
    Comparison("10 KB private / nginx asking an application", "private", "checked", 1.5),
    Comparison("10 KB private / nginx asking our server", "private", "decided", None),
    Comparison("10 KB private / nginx asking one that looks at nothing", "private", "asked", None),
)


def main() -> None:
    """Measure, print, and write the report beside the documentation."""
    missing = [name for name in ("nginx", "wrk", "taskset") if shutil.which(name) is None]
    if missing:
        sys.exit(f"install first: {' '.join(missing)} (Debian: apt-get install nginx wrk)")
    if len(os.sched_getaffinity(0)) < 2:
        sys.exit("this benchmark needs two cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker has another user
        token = _fill(folder)
        with (
            _ours(folder) as ours,
            _checker(folder) as checker,
            _nginx(folder, ours, checker) as nginx,
        ):
            rounds = _measure(_sides(ours, checker, nginx, token))
    _report(rounds)


def _fill(folder: Path) -> str:
    """The same files for both; returns a JWT that reads the private ones."""
    (folder / "www").mkdir()
    bodies = {name: os.urandom(size) for name, size in SIZES.items()}
    for name, body in bodies.items():
        (folder / "www" / name).write_bytes(body)
    with cdn_plane(config_in(folder / "data")) as plane:
        for name, body in bodies.items():
            plane.store(f"/{name}", "image/jpeg", body)
            plane.store(f"/private/{name}", "image/jpeg", body)
        plane.now = time.time()
        (folder / "key.pem").write_text(plane.signer.public_pem)
        return plane.jwt("/private", accountId=ACCOUNT, exp=FAR)


def _sides(ours: Server, checker: Server, nginx: Server, token: str) -> Sequence[Side]:
    raw = f"http://127.0.0.1:{ours.port}/{ACCOUNT}/raw"
    static = f"http://127.0.0.1:{nginx.port}"
    own, other = (ours.pid,), (nginx.pid,)
    return (
        Side("static_cached", f"{static}/cached/k10", other),
        Side("static", f"{static}/k10", other),
        Side("public", f"{raw}/k10", own),
        Side("private", f"{raw}/private/k10", own, token),
        Side("checked", f"{static}/checked/k10", (*other, checker.pid), token),
        Side("decided", f"{static}/decided/k10", (*other, *own), token),
        Side("asked", f"{static}/asked/k10", other, token),
        Side("public_1mb", f"{raw}/m1", own),
        Side("static_1mb", f"{static}/m1", other),
    )


def _measure(sides: Sequence[Side]) -> list[dict[str, Load]]:
    """The loads of each round, by side."""
    for side in sides:
        _load(side, 1)
    return [{side.name: _load(side, SECONDS) for side in sides} for _ in range(ROUNDS)]


def _load(side: Side, seconds: int) -> Load:
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", side.url]
    if side.token is not None:
        command += ["-H", f"Authorization: Bearer {side.token}"]
    before = _cpu_nanoseconds(side.pids)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spent = _cpu_nanoseconds(side.pids) - before
    rate, count = _RATE.search(done.stdout), _COUNT.search(done.stdout)
    if rate is None or count is None or _BAD.search(done.stdout):
        sys.exit(f"{side.name}: {done.stdout}")
    return Load(float(rate[1]), spent / int(count[1]) / 1000)


def _cpu_nanoseconds(pids: Sequence[int]) -> int:
    """Time on a processor of all threads of the processes."""
    files = [file for pid in pids for file in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(file.read_text().split()[0]) for file in files)


def _only_child(pid: int) -> int:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return int(text.split()[0])


@contextmanager
def _ours(folder: Path) -> Iterator[Server]:
    command = ["taskset", "-c", "0", sys.executable, "-m", __spec__.name, str(folder / "data")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline().rpartition(":")[2])
            yield Server(port, _only_child(_only_child(process.pid)))
        finally:
            process.terminate()


def _serve(folder: str) -> None:
    config = Config(data=Path(folder), cdn="127.0.0.1:0", workers=1, shutdown_grace_seconds=2)
    plane = Plane("cdn", config.cdn, cdn_app)
    Supervisor(
        config,
        [plane],
        helpers={},
        on_ready=lambda at: print(at["cdn"], flush=True),  # noqa: T201 - read by the parent
    ).run()


@contextmanager
def _checker(folder: Path) -> Iterator[Server]:
    port = _free_port()
    command = ["taskset", "-c", "0", sys.executable, "-m", "uvicorn", "tests.bench.jwt_checker:app"]
    command += ["--port", str(port), "--loop", "uvloop", "--http", "httptools"]
    command += ["--no-access-log", "--log-level", "warning"]
    environment = os.environ | {KEY_VARIABLE: str(folder / "key.pem")}
    with subprocess.Popen(command, env=environment) as process:
        try:
            _wait_for(port)
            yield Server(port, process.pid)
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number: int = listener.getsockname()[1]
        return number


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            time.sleep(0.1)
        else:
            return
    sys.exit(f"nothing answers on port {port}")


@contextmanager
def _nginx(folder: Path, ours: Server, checker: Server) -> Iterator[Server]:
    port, yes = _free_port(), _free_port()
    ports = {"port": port, "yes": yes, "ours": ours.port, "checker": checker.port}
    text = NGINX.format(folder=folder, account=ACCOUNT, **ports)
    (folder / "nginx.conf").write_text(text)
    command = ["taskset", "-c", "0", "nginx", "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port)
            yield Server(port, _only_child(process.pid))
        finally:
            process.terminate()


def _report(rounds: Sequence[Mapping[str, Load]]) -> None:
    rows = []
    ratios = {}
    for each in COMPARISONS:
        pairs = [(loads[each.left], loads[each.right]) for loads in rounds]
        ratio = statistics.median(left.rate / right.rate for left, right in pairs)
        cost = statistics.median(right.microseconds / left.microseconds for left, right in pairs)
        target = "" if each.target is None else f"  (at least {each.target} wanted)"
        print(f"{ratio:6.2f} {cost:6.2f} by CPU  {each.name}{target}")  # noqa: T201 - the result
        rows.append(f"| {each.name} | {ratio:.2f} | {cost:.2f} | {each.target or 'none'} |")
        ratios[each.name] = {"by_rate": round(ratio, 3), "by_cpu": round(cost, 3)}
    loads = {
        name: Load(
            statistics.median(each[name].rate for each in rounds),
            statistics.median(each[name].microseconds for each in rounds),
        )
        for name in rounds[0]
    }
    versions = {
        "python": platform.python_version(),
        "nginx": _version(["nginx", "-v"]),
        "wrk": _version(["wrk", "-v"]),
        "uvicorn": version("uvicorn"),
        "load average": f"{os.getloadavg()[1]:.1f} over 5 minutes; 2.0 is our own",
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
    }
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    content = {
        "date": now,
        "command": "python -m tests.bench.delivery",
        "versions": versions,
        "requests_per_second": {name: round(load.rate) for name, load in loads.items()},
        "cpu_microseconds": {name: round(load.microseconds, 2) for name, load in loads.items()},
        "ratios": ratios,
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n")
    table = "\n".join(rows)
    speeds = "\n".join(
        f"| {name} | {load.rate:,.0f} | {load.microseconds:.1f} |" for name, load in loads.items()
    )
    about = "\n".join(f"- {name}: {text}" for name, text in versions.items())
    REPORT.with_suffix(".md").write_text(
        f"# Delivery against nginx\n\nWritten by `python -m tests.bench.delivery` on {now}; its "
        "docstring says how each side is set up.\nMedians of "
        f"{ROUNDS} alternating rounds of {SECONDS} s, {CONNECTIONS} connections, one core.\n\n"
        f"| ratio | by rate | by CPU time | wanted |\n|---|---|---|---|\n{table}\n\n"
        f"| side | requests/s | CPU µs/request |\n|---|---|---|\n{speeds}\n\n{about}\n"
    )


def _version(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).splitlines()[0].strip()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _serve(sys.argv[1])
    else:
        main()
