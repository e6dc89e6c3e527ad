"""The life of a multipart upload, against a model."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from byteward.errors import BytewardError, ErrorCode
from byteward.uploads.state import (
    CompletionStep,
    PartState,
    UploadState,
    check_may_put,
    completion_step,
    etag_of,
    remaining,
    same_etag,
)

INDEXES = st.integers(0, 4)
ETAGS = st.sampled_from(["aa", "bb"])


class UploadLife(RuleBasedStateMachine):
    """Sends, re-sends and completes parts in any order, with right and wrong etags."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 1
        self.state = UploadState.OPEN
        self.parts: dict[int, PartState] = {}
        self.finishes = 0

    @initialize(count=st.integers(1, 5))
    def begin(self, count: int) -> None:
        self.count = count

    @rule(index=INDEXES, etag=ETAGS)
    def put(self, index: int, etag: str) -> None:
        if index >= self.count:
            return
        if self.state is UploadState.FINISHED:
            with pytest.raises(BytewardError) as caught:
                check_may_put(self.state)
            assert caught.value.code is ErrorCode.UPLOAD_NOT_FOUND
            return
        check_may_put(self.state)
        self.parts[index] = PartState(index, etag, is_complete=False)

    @rule(index=INDEXES, etag=ETAGS)
    def complete(self, index: int, etag: str) -> None:
        if index >= self.count:
            return
        part = self.parts.get(index)
        if part is None or part.etag != etag:
            with pytest.raises(BytewardError) as caught:
                completion_step(self.state, self.count, self.parts.values(), index, etag)
            assert caught.value.code is ErrorCode.INVALID_UPLOAD_PART
            return
        step = completion_step(self.state, self.count, self.parts.values(), index, etag)
        if self.state is UploadState.FINISHED:
            assert step is CompletionStep.REPEATED
            return
        others = {p.index for p in self.parts.values() if p.is_complete} - {index}
        is_last = len(others) == self.count - 1
        assert step is (CompletionStep.FINISH if is_last else CompletionStep.PENDING)
        self.parts[index] = PartState(index, etag, is_complete=True)
        if is_last:
            self.state = UploadState.FINISHED
            self.finishes += 1

    @invariant()
    def finished_means_nothing_remains(self) -> None:
        left = remaining(self.count, list(self.parts.values()))
        assert (self.state is UploadState.FINISHED) == (not left)
        assert list(left) == sorted(left)
        assert self.finishes <= 1


TestUploadLife = UploadLife.TestCase


@pytest.mark.parametrize("given", ["ab12", '"ab12"', 'W/"ab12"', '"AB12"', "AB12"])
def test_etag_is_the_same_with_and_without_decoration(given: str) -> None:
    assert same_etag(given, "ab12")


@pytest.mark.parametrize("given", ["", '"', '""', "ab1", "'ab12'", '"ab12', "ab12 "])
def test_other_text_is_another_etag(given: str) -> None:
    assert not same_etag(given, "ab12")


def test_etag_of_several_parts_tells_their_number() -> None:
    assert etag_of(bytes([0xAB]), 1) == "ab"
    assert etag_of(bytes([0xAB]), 3) == "ab-3"
