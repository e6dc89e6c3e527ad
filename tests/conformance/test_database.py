"""What every metadata database keeps, whichever engine is behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from byteward.db.database import Database
from byteward.db.dialect import insert_or_ignore, upsert
from byteward.db.migrate import upgrade
from byteward.db.sqlite import open_sqlite
from byteward.db.tables import presets, removals

Opener = Callable[[], Database]


@pytest.fixture(params=["sqlite"])
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same database as often as it is called, as several processes would."""
    assert request.param == "sqlite"
    upgrade(tmp_path / "test.db")
    opened: list[Database] = []

    def opener() -> Database:
        opened.append(open_sqlite(tmp_path / "test.db"))
        return opened[-1]

    yield opener
    for database in opened:
        asyncio.run(database.close())


@pytest.fixture
def db(open_database: Opener) -> Database:
    return open_database()


def _add(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(insert(removals), {"object_id": name, "queued_at": 1})
        return name

    return work


def _names(connection: Connection) -> set[str]:
    return set(connection.execute(select(removals.c.object_id)).scalars())


def _clear(connection: Connection) -> None:
    connection.execute(delete(removals))


def test_d1_a_write_is_seen_by_every_reader_that_starts_after_it(open_database: Opener) -> None:
    async def scenario() -> None:
        one, other = open_database(), open_database()
        assert await one.write(_add("a")) == "a"
        assert await one.read(_names) == {"a"}
        assert await other.read(_names) == {"a"}

    asyncio.run(scenario())


def test_work_that_raises_undoes_itself_alone(db: Database) -> None:
    def fails(connection: Connection) -> None:
        _add("undone")(connection)
        raise LookupError

    async def scenario() -> None:
        outcomes = await asyncio.gather(
            db.write(_add("a")), db.write(fails), db.write(_add("b")), return_exceptions=True
        )
        assert outcomes[0] == "a"
        assert isinstance(outcomes[1], LookupError)
        assert outcomes[2] == "b"
        assert await db.read(_names) == {"a", "b"}

    asyncio.run(scenario())


def test_d5_of_racing_inserts_of_one_key_exactly_one_wins(open_database: Opener) -> None:
    async def scenario() -> None:
        one, other = open_database(), open_database()
        outcomes = await asyncio.gather(
            *(db.write(_add("same")) for db in (one, other) * 10), return_exceptions=True
        )
        assert outcomes.count("same") == 1
        assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == 19

    asyncio.run(scenario())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["keep", "raise", "twice", "leave"]), min_size=1, max_size=40))
def test_any_mix_of_writes_keeps_exactly_those_that_returned(
    db: Database, kinds: list[str]
) -> None:
    def work_of(number: int, kind: str) -> Callable[[Connection], str]:
        def work(connection: Connection) -> str:
            name = _add(str(number))(connection)
            if kind == "raise":
                raise LookupError(name)
            if kind == "twice":
                _add(str(number))(connection)
            return name

        return work

    async def scenario() -> None:
        await db.write(_clear)
        tasks = [
            asyncio.create_task(db.write(work_of(number, kind)))
            for number, kind in enumerate(kinds)
        ]
        await asyncio.sleep(0)
        for task, kind in zip(tasks, kinds, strict=True):
            if kind == "leave":
                task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        names = await db.read(_names)
        kept = {outcome for outcome in outcomes if isinstance(outcome, str)}
        unknown = {str(number) for number, kind in enumerate(kinds) if kind == "leave"}
        assert kept == {str(number) for number, kind in enumerate(kinds) if kind == "keep"}
        assert kept <= names <= kept | unknown

    asyncio.run(scenario())


def test_a_cancelled_caller_does_not_take_others_along(db: Database) -> None:
    started, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        started.set()
        assert go_on.wait(10)
        _add("slow")(connection)

    async def scenario() -> None:
        leaving = asyncio.create_task(db.write(slow))
        staying = asyncio.create_task(db.write(_add("a")))
        await asyncio.to_thread(started.wait, 10)
        leaving.cancel()
        go_on.set()
        assert await staying == "a"
        assert leaving.cancelled()
        assert "a" in await db.read(_names)

    asyncio.run(scenario())


def test_several_statements_of_a_read_see_one_snapshot(open_database: Opener) -> None:
    reader, writer = open_database(), open_database()

    def twice(connection: Connection) -> tuple[set[str], set[str]]:
        before = _names(connection)
        # From another thread: this one is inside its read.
        thread = threading.Thread(target=lambda: asyncio.run(writer.write(_add("meanwhile"))))
        thread.start()
        thread.join()
        return before, _names(connection)

    before, after = asyncio.run(reader.read(twice))
    assert before == after == set()
    assert asyncio.run(reader.read(_names)) == {"meanwhile"}


def test_a_write_reads_what_it_wrote_and_what_was_committed(db: Database) -> None:
    async def scenario() -> None:
        await db.write(_add("a"))
        assert await db.write(lambda c: (_add("b")(c), _names(c))[1]) == {"a", "b"}

    asyncio.run(scenario())


def test_a_read_cannot_write(db: Database) -> None:
    async def scenario() -> None:
        with pytest.raises(Exception, match=r"readonly|read-only"):
            await db.read(_add("a"))
        assert await db.read(_names) == set()

    asyncio.run(scenario())


def test_a_read_that_raises_leaves_the_reader_usable(db: Database) -> None:
    async def scenario() -> None:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await db.read(lambda _: 1 / 0)
        await db.write(_add("a"))
        assert await db.read(_names) == {"a"}

    asyncio.run(scenario())


def test_d3_the_version_changes_with_every_commit_of_anybody(open_database: Opener) -> None:
    async def scenario() -> None:
        one, other = open_database(), open_database()
        seen = [one.version()]
        for number, db in enumerate([one, other, one, one, other]):
            await db.write(_add(str(number)))
            seen.append(one.version())
        assert len(set(seen)) == len(seen)
        assert one.version() == seen[-1]

    asyncio.run(scenario())


def test_reading_and_undone_work_do_not_have_to_change_the_version(db: Database) -> None:
    async def scenario() -> None:
        version = db.version()
        await db.read(_names)
        assert db.version() == version

    asyncio.run(scenario())


def test_any_thread_may_read(db: Database) -> None:
    async def scenario() -> list[set[str]]:
        await db.write(_add("a"))
        return await asyncio.gather(
            *(asyncio.to_thread(lambda: asyncio.run(db.read(_names))) for _ in range(8))
        )

    assert asyncio.run(scenario()) == [{"a"}] * 8


def test_close_finishes_what_was_accepted_and_refuses_the_rest(open_database: Opener) -> None:
    async def scenario() -> None:
        db = open_database()
        tasks = [asyncio.create_task(db.write(_add(str(number)))) for number in range(300)]
        await asyncio.sleep(0)
        await db.close()
        assert len(await asyncio.gather(*tasks)) == 300
        with pytest.raises(Exception, match="database"):
            await db.write(_add("late"))
        assert len(await open_database().read(_names)) == 300

    asyncio.run(scenario())


def test_upsert_changes_what_it_names_and_ignore_changes_nothing(db: Database) -> None:
    row = {"object_id": "a", "queued_at": 1}

    def work(connection: Connection) -> list[int]:
        ignored = insert_or_ignore(removals, ["object_id"])
        first = connection.execute(ignored, row).rowcount
        second = connection.execute(ignored, row | {"queued_at": 2}).rowcount
        kept = connection.execute(select(removals.c.queued_at)).scalar_one()
        connection.execute(upsert(removals, ["object_id"], ["queued_at"]), row | {"queued_at": 3})
        return [first, second, kept, connection.execute(select(removals.c.queued_at)).scalar_one()]

    assert asyncio.run(db.write(work)) == [1, 0, 1, 3]


def test_references_are_enforced(db: Database) -> None:
    row = {"account_id": "none", "name": "p", "transformation": "image", "params": "[]"}
    with pytest.raises(IntegrityError):
        asyncio.run(db.write(lambda c: c.execute(insert(presets), row | {"revision": 1}).close()))


def test_text_compares_byte_for_byte(db: Database) -> None:
    spellings = {"a", "A", "é", "e\u0301", "a ", "\uff0e"}

    async def scenario() -> None:
        for spelling in spellings:
            await db.write(_add(spelling))
        assert await db.read(_names) == spellings

    asyncio.run(scenario())
