"""Children do their jobs, and nothing else."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from byteward.errors import BytewardError, ErrorCode
from byteward.transform.image.limits import ImageLimits
from byteward.transform.sandbox.messages import Answer, JobMessage
from byteward.transform.sandbox.pool import Child, ChildSettings, Zygote
from tests.unit.transform.engine.pictures import opened, picture


@asynccontextmanager
async def a_child(tmp_path: Path, **changes: object) -> AsyncIterator[Child]:
    zygote = Zygote(replace(ChildSettings(tmp_path), **changes))  # type: ignore[arg-type]
    child = await zygote.child()
    try:
        yield child
    finally:
        child.end()
        zygote.close()


async def transform(
    child: Child, body: bytes, query: str, *, limits: ImageLimits | None = None
) -> tuple[Answer, bytes]:
    pairs = tuple(
        (name, value) for name, _, value in (part.partition("=") for part in query.split("&"))
    )
    job = JobMessage(pairs, ("jpeg", "png", "gif"), limits or ImageLimits())
    source, result = os.memfd_create("source"), os.memfd_create("result")
    try:
        os.write(source, body)
        answer = await child.run(job, [source, result])
        return answer, os.pread(result, 10_000_000, 0)
    finally:
        os.close(source)
        os.close(result)


def test_a_child_transforms_and_is_confined(tmp_path: Path) -> None:
    async def work() -> None:
        async with a_child(tmp_path) as child:
            assert child.confinement == ("limits", "landlock", "seccomp")
            for width in (100, 50):
                answer, body = await transform(child, picture("QUAD"), f"w={width}&f=png")
                assert (answer.code, answer.mime, answer.size) == ("", "image/png", len(body))
                assert opened(body).width == answer.width == width

    asyncio.run(work())


def test_a_refusal_comes_back_typed(tmp_path: Path) -> None:
    async def work() -> None:
        async with a_child(tmp_path) as child:
            answer, body = await transform(child, b"text", "w=5")
            assert (answer.code, body) == ("unsupported_input_format", b"")
            answer, _ = await transform(child, picture("QUAD"), "w=0")
            assert answer.code == "invalid_parameter"
            assert answer.details is not None
            assert answer.details["parameter"] == "w"
            answer, _ = await transform(child, picture("QUAD"), "w=7&f=png")
            assert answer.width == 7

    asyncio.run(work())


def failed(call: object) -> ErrorCode:
    with pytest.raises(BytewardError) as refused:
        asyncio.run(call)  # type: ignore[arg-type]
    return refused.value.code


def test_a_job_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    async def work() -> None:
        async with a_child(tmp_path, wall_seconds=0.3) as child:
            await transform(child, picture("LG"), "w=4000&f=avif&c=100&blur=100")

    began = time.monotonic()
    assert failed(work()) is ErrorCode.TRANSFORMATION_TIMEOUT
    assert time.monotonic() - began < 5


def test_a_job_that_needs_too_much_memory_is_refused_and_the_next_one_works(
    tmp_path: Path,
) -> None:
    async def work() -> None:
        zygote = Zygote(replace(ChildSettings(tmp_path), address_space_bytes=400 << 20))
        try:
            child = await zygote.child()
            query = "w=9000&h=9000&fit=stretch&f=png&rotate=45"
            try:
                answer, _ = await transform(child, picture("LG"), query)
                code = answer.code
            except BytewardError as error:
                code = error.code.value
            assert code == "transformation_failed"
            child.end()
            child = await zygote.child()
            answer, _ = await transform(child, picture("QUAD"), "w=5&f=png")
            assert answer.width == 5
            child.end()
        finally:
            zygote.close()

    asyncio.run(work())


def test_a_result_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async def work() -> None:
        async with a_child(tmp_path, file_bytes=1000) as child:
            await transform(child, picture("LG"), "w=2000&f=png")

    assert failed(work()) is ErrorCode.TRANSFORMATION_FAILED


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def test_a_child_that_ended_leaves_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with a_child(tmp_path) as child:
            await transform(child, picture("QUAD"), "w=5")
            assert contents(tmp_path)
            child.end()
            child.end()

    asyncio.run(work())
    assert contents(tmp_path) == []


def run_confined(tmp_path: Path, attempts: Sequence[str]) -> list[str]:
    """What comes of each piece of Python inside a confined process."""
    program = f"""
import sys, os, socket, subprocess, ctypes
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[4] / "src")!r})
from byteward.transform.sandbox.confinement import Bounds, confine
confine(Bounds(1 << 30, 10, 1000), readable=[Path("/usr/lib"), Path(sys.prefix)],
        writable=Path({str(tmp_path)!r}))
for attempt in {list(attempts)!r}:
    try:
        exec(attempt)
    except BaseException as error:
        print(type(error).__name__, flush=True)
    else:
        print("done", flush=True)
"""
    import subprocess  # noqa: PLC0415 - beside the program that must not use it
    import sys  # noqa: PLC0415

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    return run.stdout.decode().split()


def test_a_confined_process_reaches_nothing(tmp_path: Path) -> None:
    secret = tmp_path.parent / "secret"
    secret.write_text("secret")
    target = str(tmp_path / "own")
    attempts = {
        f"open({str(secret)!r}).read()": "PermissionError",
        "open('/etc/passwd').read()": "PermissionError",
        "os.listdir('/')": "PermissionError",
        f"open({str(secret)!r}, 'w')": "PermissionError",
        f"os.rename({target!r}, {str(secret)!r})": "PermissionError",
        "socket.socket()": "PermissionError",
        "socket.socketpair()": "PermissionError",
        "os.fork()": "PermissionError",
        "os.execv('/bin/true', ['true'])": "PermissionError",
        "os.kill(os.getppid(), 0)": "PermissionError",
        "assert ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0": "AssertionError",
        f"open({target!r}, 'wb').write(b'x' * 999)": "done",
    }
    first = f"open({target!r}, 'wb').write(b'x')"
    found = run_confined(tmp_path, [first, *attempts])
    assert found == ["done", *attempts.values()]


def test_threads_are_still_possible(tmp_path: Path) -> None:
    thread = (
        "import threading; t = threading.Thread(target=print, args=['ran']); t.start(); t.join()"
    )
    assert run_confined(tmp_path, [thread]) == ["ran", "done"]
