"""The queue before the transformations: bounded, and no account alone in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError
from byteward.transform.admission import AdmissionLimits, AdmissionQueue


def queue(slots: int = 2, length: int = 8) -> AdmissionQueue[int]:
    return AdmissionQueue(AdmissionLimits(slots, length))


def refused(waiting: AdmissionQueue[int], account: str) -> str:
    with pytest.raises(BytewardError) as error:
        waiting.enter(account, 0)
    assert error.value.headers == {"retry-after": "1"}
    return error.value.code.value


def test_slots_bound_what_runs() -> None:
    waiting = queue()
    for number in range(3):
        waiting.enter("a", number)
    assert [waiting.next(), waiting.next(), waiting.next()] == [("a", 0), ("a", 1), None]
    waiting.done("a")
    assert waiting.next() == ("a", 2)


def test_accounts_take_turns() -> None:
    waiting = queue(slots=4)
    for number in range(3):
        waiting.enter("a", number)
    waiting.enter("b", 10)
    assert [waiting.next() for _ in range(4)] == [("a", 0), ("b", 10), ("a", 1), ("a", 2)]


def test_an_account_has_half_of_the_slots_while_others_wait() -> None:
    waiting = queue(slots=2)
    waiting.enter("a", 0)
    assert waiting.next() == ("a", 0)
    waiting.enter("a", 1)
    waiting.enter("b", 2)
    assert waiting.next() == ("b", 2)


def test_a_full_queue_refuses() -> None:
    waiting = queue(length=3)
    for number in range(3):
        waiting.enter("a", number)
    assert refused(waiting, "b") == "overloaded"


def test_an_account_has_half_of_the_queue_while_others_wait() -> None:
    waiting = queue(length=4)
    waiting.enter("b", 0)
    waiting.enter("a", 1)
    waiting.enter("a", 2)
    assert refused(waiting, "a") == "rate_limit_exceeded"
    waiting.enter("b", 3)


def test_who_leaves_is_not_called() -> None:
    waiting = queue()
    waiting.enter("a", 0)
    waiting.enter("a", 1)
    waiting.leave("a", 0)
    waiting.leave("a", 0)
    assert waiting.next() == ("a", 1)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_nobody_is_lost_and_bounds_hold(steps: list[tuple[str, bool]]) -> None:
    waiting, entered, called = queue(slots=3, length=6), 0, 0
    running: list[str] = []
    for account, enters in steps:
        if enters:
            try:
                waiting.enter(account, entered)
                entered += 1
            except BytewardError:
                assert waiting.waiting >= 3
        elif running:
            waiting.done(running.pop())
        while (chosen := waiting.next()) is not None:
            running.append(chosen[0])
            called += 1
        assert len(running) == waiting.running <= 3
        assert waiting.waiting <= 6
        assert entered == called + waiting.waiting
