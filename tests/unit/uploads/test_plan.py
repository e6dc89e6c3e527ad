"""How a file is cut into parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.errors import BytewardError, ErrorCode
from byteward.uploads.plan import MAX_PARTS, MIB, MIN_PART_BYTES, ByteRange, PartPlan, plan_parts


def test_empty_file_has_one_part_of_no_bytes() -> None:
    plan = plan_parts(0)
    assert plan.count == 1
    assert plan.range_of(0) == ByteRange(0, -1)
    assert plan.range_of(0).size_bytes == 0


@given(st.integers(0, 5 * 10**12))
def test_plan_keeps_the_rules_of_stores(size: int) -> None:
    plan = plan_parts(size)
    assert 1 <= plan.count <= MAX_PARTS
    assert plan.part_size_bytes >= MIN_PART_BYTES
    assert plan.part_size_bytes % MIB == 0


@given(st.integers(1, 60), st.integers(0, 600))
def test_ranges_cover_the_file_without_gaps(part_size: int, size: int) -> None:
    plan = PartPlan(size, part_size)
    ranges = [plan.range_of(index) for index in range(plan.count)]
    covered = [byte for each in ranges for byte in range(each.start, each.end + 1)]
    assert covered == list(range(size))
    assert all(each.size_bytes == part_size for each in ranges[:-1])


@pytest.mark.parametrize("index", [-1, 3, 10**9])
def test_part_outside_the_plan_is_not_found(index: int) -> None:
    with pytest.raises(BytewardError) as caught:
        plan_parts(10 * MIB + 1).range_of(index)
    assert caught.value.code is ErrorCode.UPLOAD_PART_NOT_FOUND
