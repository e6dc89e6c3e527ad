"""Starts real server processes for tests and speaks HTTP to them, without the product's code."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

COMMAND: Final = (sys.executable, "-m", "byteward")
START_SECONDS: Final = 60
STOP_SECONDS: Final = 45


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Answer:
    """One HTTP response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - tests look into it freely
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The machine-readable code of an error answer."""
        return str(self.json["error"]["code"])


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
    timeout: float = 30,
) -> Answer:
    """Send one request exactly as written (the target is not normalised) and read the answer."""
    parts = urlsplit(url)
    if parts.hostname is None:
        message = f"no host in {url}"
        raise ValueError(message)
    target = url.split(parts.netloc, 1)[1] or "/"
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        names_host = any(name.lower() == "host" for name, _ in pairs)
        connection.putrequest(method, target, skip_accept_encoding=True, skip_host=names_host)
        for name, value in pairs:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, names, response.read())
    finally:
        connection.close()


def run_command(
    *arguments: str, data: Path, env: Mapping[str, str] | None = None, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run one `byteward` command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments, "--data", str(data)],
        env=_environment(env),
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )


@dataclass
class Server:
    """A running server and the credentials that `init` gave for it."""

    data: Path
    api: str
    cdn: str
    process: subprocess.Popen[bytes]
    account_id: str
    secret_key: str
    public_key: str
    log: Path
    extra: dict[str, Any] = field(default_factory=dict)

    def apply(self, document: Mapping[str, Any], *options: str) -> Any:  # noqa: ANN401 - tests look into it freely
        """Apply an account document and return the command's JSON result."""
        path = self.data.parent / f"{self.data.name}-document-{time.monotonic_ns()}.json"
        path.write_text(json.dumps(document))
        done = run_command("apply", str(path), "--json", *options, data=self.data)
        if done.returncode != 0:
            message = f"apply failed with {done.returncode}: {done.stderr.decode()}"
            raise RuntimeError(message)
        return json.loads(done.stdout)

    def stop(self) -> int:
        """Ask the server to stop and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS)
        _close(self.process)
        return code

    def kill(self) -> None:
        """End every process of the server at once, as a power cut would."""
        _kill_group(self.process)


@contextmanager
def serving(
    data: Path,
    *,
    workers: int = 1,
    env: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
    ports: tuple[int, int] | None = None,
) -> Iterator[Server]:
    """Start a server on free ports, wait for its ready line, and stop it at the end."""
    server = start(data, workers=workers, env=env, flags=flags, ports=ports)
    try:
        yield server
    finally:
        try:
            server.stop()
        except subprocess.TimeoutExpired:
            server.kill()


def start(
    data: Path,
    *,
    workers: int = 1,
    env: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
    ports: tuple[int, int] | None = None,
) -> Server:
    """Start a server in a session of its own and wait until both planes answer."""
    api_port, cdn_port = ports or (free_port(), free_port())
    api, cdn = f"127.0.0.1:{api_port}", f"127.0.0.1:{cdn_port}"
    listeners = ("--api", api, "--cdn", cdn)
    credentials = _credentials(data, listeners, env)
    log = data.parent / f"{data.name}.log"
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--data", str(data), *listeners, "--workers", str(workers), *flags],
            env=_environment(env),
            stdout=subprocess.PIPE,
            stderr=sink,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, log)
    except BaseException:
        _kill_group(process)
        raise
    return Server(
        data=data,
        api=f"http://{api}",
        cdn=f"http://{cdn}",
        process=process,
        account_id=credentials["accountId"],
        secret_key=credentials["secretApiKey"] or "",
        public_key=credentials["publicApiKey"],
        log=log,
        extra=credentials,
    )


def _credentials(
    data: Path, listeners: tuple[str, ...], env: Mapping[str, str] | None
) -> dict[str, Any]:
    """Run `init` once; the keys, which it prints only then, are remembered beside the folder."""
    memory = data.parent / f"{data.name}-credentials.json"
    if memory.exists():
        remembered: dict[str, Any] = json.loads(memory.read_text())
        return remembered
    done = run_command("init", "--json", *listeners, data=data, env=env)
    if done.returncode != 0:
        message = f"init failed with {done.returncode}: {done.stderr.decode()}"
        raise RuntimeError(message)
    credentials: dict[str, Any] = json.loads(done.stdout)
    memory.write_text(json.dumps(credentials))
    return credentials


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.stdout is None:
        message = "the server's output is not a pipe"
        raise RuntimeError(message)
    os.set_blocking(process.stdout.fileno(), False)
    seen = b""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        seen += process.stdout.read() or b""
        if b"ready" in seen:
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    message = f"the server did not become ready: {seen!r}\n{log.read_text()[-4000:]}"
    raise RuntimeError(message)


def processes_of(session: int) -> list[int]:
    """Living processes of a session; a server's own has the id of its first process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # pid (name) state parent group session …; the name may hold anything.
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # Not killpg: each plane leads a process group of its own, and ends in good order when the
    # first process is gone. The first process has the lowest id, so nobody is started again.
    while pids := processes_of(process.pid):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    process.wait(10)
    _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdout is not None:
        process.stdout.close()


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("BYTEWARD_")}
    return {**inherited, **(extra or {})}
