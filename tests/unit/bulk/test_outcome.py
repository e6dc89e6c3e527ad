"""What went wrong with a job's items is told, all of it counted and some of it by name."""

from __future__ import annotations

import msgspec
import pytest

from byteward.bulk.outcome import MAX_SHOWN, Failures, Marks
from byteward.errors import BytewardError, ErrorCode
from byteward.jobs.model import JobFailedError

DENIED = BytewardError(ErrorCode.AUTHORIZATION_FAILED_PERMISSION_DENIED, "denied")


def test_nothing_wrong_ends_no_job() -> None:
    Failures().raise_any()


def test_the_first_failure_is_the_jobs_and_all_are_counted() -> None:
    failures = Failures().add("/a", BytewardError(ErrorCode.READ_ONLY_STORAGE, "read only"))
    for number in range(MAX_SHOWN + 5):
        failures = failures.add(f"/{number}", DENIED)
    with pytest.raises(JobFailedError) as caught:
        failures.raise_any()
    assert (caught.value.error.code, caught.value.error.message) == (
        ErrorCode.READ_ONLY_STORAGE,
        "read only",
    )
    shown = caught.value.details["failures"]
    assert isinstance(shown, list)
    assert caught.value.details["failureCount"] == MAX_SHOWN + 6
    assert len(shown) == MAX_SHOWN
    assert shown[:2] == [
        {"path": "/a", "code": "read_only_storage", "message": "read only"},
        {"path": "/0", "code": "authorization_failed_permission_denied", "message": "denied"},
    ]


def test_failures_survive_being_stored() -> None:
    failures = Failures().add("/ü", DENIED)
    assert msgspec.json.decode(msgspec.json.encode(failures), type=Failures) == failures


def test_marks_know_what_lies_below_and_above_by_whole_segments() -> None:
    marks = Marks().add(("a", "b"))
    assert marks.any_below(("a",))
    assert marks.any_below(("a", "b"))
    assert not marks.any_below(("a", "b", "c"))
    assert marks.any_above(("a", "b", "c"))
    assert not marks.any_above(("a", "bc", "d"))
    assert not marks.any_below(("a", "bc"))
    assert Marks().add(()).any_above(("x",))
    assert not Marks().any_above(("x",))


def test_too_many_marks_count_for_everything() -> None:
    marks = Marks()
    for number in range(MAX_SHOWN):
        marks = marks.add((f"f{number}",))
    assert not marks.any_below(("other",))
    assert marks.add(("one more",)).any_below(("other",))
