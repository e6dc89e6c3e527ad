"""Decoded JSON held against a struct."""

from __future__ import annotations

from typing import Annotated

import pytest
from msgspec import Meta, Struct

from byteward.errors import BytewardError
from byteward.http.validation import validate


class Sized(Struct, frozen=True, forbid_unknown_fields=True):
    """A size."""

    size: Annotated[int, Meta(ge=0, description="text that a document needs")]


def test_an_integer_may_be_written_with_a_point() -> None:
    assert validate({"size": 5.0}, Sized) == Sized(5)
    assert isinstance(validate({"size": 5.0}, Sized).size, int)


@pytest.mark.parametrize("size", [1.5, 1e300, float(2**60), True, "1", [1]])
def test_what_is_no_integer_is_refused(size: object) -> None:
    with pytest.raises(BytewardError, match="invalid integer number"):
        validate({"size": size}, Sized)


def test_a_described_member_keeps_its_limits() -> None:
    with pytest.raises(BytewardError, match="min 0"):
        validate({"size": -1}, Sized)
