"""The one writer of a process: many units of work, one synced commit.

Callers queue their work; a thread takes what has gathered, runs each unit in its own savepoint
inside one `BEGIN IMMEDIATE` transaction, commits once, and only then lets the callers go on.
While one group is being synced the next one gathers, so the cost of a sync is shared exactly when
there is somebody to share it with, and a lone writer waits for nobody.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection

from byteward.db import driver_errors
from byteward.db.sqlite_connection import DriverConnection
from byteward.errors import BytewardError

T = TypeVar("T")

MAX_GROUP: Final = 128
"""Units in one transaction: bounds how long the lock is held and how much one failure hits."""

MAX_WAITING: Final = 10_000
"""Units that may wait before new ones are refused."""


class _Abandoned(Exception):  # noqa: N818 - ends the group; no caller ever sees it
    """SQLite rolled the whole transaction back by itself."""


@dataclass(slots=True)
class _Unit(Generic[T]):
    """Work, who waits for it, and what came of it."""

    work: Callable[[Connection], T]
    future: concurrent.futures.Future[T] | asyncio.Future[T]
    loop: asyncio.AbstractEventLoop | None
    result: T | None = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Hand over the outcome, unless the caller has gone."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            # `result` is what `work` returned; None is one of the values that T may include.
            self.future.set_result(self.result)  # type: ignore[arg-type]


_AnyUnit = _Unit[object]


class GroupCommitWriter:
    """Runs units of work on its own connection and thread.

    Args:
        connection: in autocommit mode, for this writer alone, which closes it.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queue: queue.SimpleQueue[_AnyUnit | None] = queue.SimpleQueue()
        self._accepting = threading.Lock()
        self._is_closed = False
        self._has_failed = False
        self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
        self._thread.start()

    @property
    def is_healthy(self) -> bool:
        """False once a commit failed with an I/O error: its outcome is unknown."""
        return not self._has_failed

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Queue `work` and wait, without blocking the loop, until its group is committed."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._submit(_Unit(work, future, loop))
        return await future

    def write_blocking(self, work: Callable[[Connection], T]) -> T:
        """The same for a thread without an event loop."""
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._submit(_Unit(work, future, None))
        return future.result()

    def close(self) -> None:
        """Commit what was accepted, refuse what comes later, end the thread."""
        with self._accepting:
            if not self._is_closed:
                self._is_closed = True
                self._queue.put(None)
        self._thread.join()

    def _submit(self, unit: _Unit[T]) -> None:
        # The lock orders every accepted unit before the end mark, so none is left waiting.
        with self._accepting:
            if self._has_failed or self._is_closed:
                raise driver_errors.failed()
            if self._queue.qsize() >= MAX_WAITING:
                raise driver_errors.overloaded("too many writes are waiting, try again")
            self._queue.put(unit)  # type: ignore[arg-type]  # the queue forgets what T is

    def _run(self) -> None:
        with self._connection as connection:
            while group := self._next_group():
                self._commit(connection, group)
                _settle(group)

    def _next_group(self) -> list[_AnyUnit]:
        """Wait for a unit and take what else is there; empty at the end."""
        group: list[_AnyUnit] = []
        unit = self._queue.get()
        while unit is not None:
            group.append(unit)
            if len(group) == MAX_GROUP:
                return group
            try:
                unit = self._queue.get_nowait()
            except queue.Empty:
                return group
        if group:
            self._queue.put(None)
        return group

    def _commit(self, connection: Connection, group: list[_AnyUnit]) -> None:
        """Run and commit the group; leaves each unit with its outcome, never raises."""
        if self._has_failed:
            _fail(group, driver_errors.failed())
            return
        driver = _driver_of(connection)
        try:
            driver.execute("BEGIN IMMEDIATE")
            for unit in group:
                _run_in_savepoint(connection, driver, unit)
            driver.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001 - the thread must outlive every failure
            self._give_up(driver, group, error)

    def _give_up(
        self, driver: DriverConnection, group: list[_AnyUnit], error: BaseException
    ) -> None:
        """Nothing of the group is known to be stored: tell every caller, undo what is open."""
        cause = error.__cause__ if isinstance(error, _Abandoned) and error.__cause__ else error
        # SECURITY: a commit that failed is never tried again into a success; the file may have
        # lost what the system had promised to write, so this process stops writing.
        if driver_errors.is_device_failure(cause):
            self._has_failed = True
        _fail(group, driver_errors.public_error(cause) or driver_errors.failed())
        try:
            if driver.in_transaction:
                driver.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - a connection that cannot roll back cannot be used
            self._has_failed = True


def _run_in_savepoint(connection: Connection, driver: DriverConnection, unit: _AnyUnit) -> None:
    driver.execute("SAVEPOINT unit")
    try:
        unit.result = unit.work(connection)
    except BaseException as error:  # whatever it is, it belongs to the caller
        # A full disk or an I/O error makes SQLite undo the whole transaction on its own.
        if not driver.in_transaction:
            raise _Abandoned from error
        driver.execute("ROLLBACK TO unit")
        unit.error = driver_errors.public_error(error) or error
    driver.execute("RELEASE unit")


def _fail(group: list[_AnyUnit], error: BytewardError) -> None:
    """Give every unit the group's failure; one exception each, as each is raised elsewhere."""
    for unit in group:
        unit.error = BytewardError(
            error.code, error.message, details=error.details, headers=error.headers
        )


def _settle(group: list[_AnyUnit]) -> None:
    """Wake the callers, each event loop once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_AnyUnit]] = {}
    for unit in group:
        if unit.loop is None:
            unit.settle()
        else:
            by_loop.setdefault(unit.loop, []).append(unit)
    for loop, units in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle_all, units)
        except RuntimeError:
            continue  # the loop was closed: nobody waits there any more


def _settle_all(units: list[_AnyUnit]) -> None:
    for unit in units:
        unit.settle()


def _driver_of(connection: Connection) -> DriverConnection:
    driver: DriverConnection | None = connection.connection.dbapi_connection  # type: ignore[assignment]  # SQLAlchemy knows only DB-API
    if driver is None:
        raise driver_errors.failed()
    return driver
