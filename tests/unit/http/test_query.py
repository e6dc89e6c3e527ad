"""The query of a request, read into a struct."""

from __future__ import annotations

from typing import Annotated

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from byteward.errors import BytewardError, ErrorCode
from byteward.http.query import parse_query


class Asked(Struct, frozen=True, rename="camel"):
    """What is asked."""

    folder_path: Annotated[str, Meta(min_length=1, pattern="^/.*$")]
    limit: Annotated[int, Meta(ge=1, le=10, description="how many")] = 5
    is_deep: bool = False
    is_wide: bool | UnsetType = UNSET
    cursor: Annotated[str, Meta(max_length=3)] | None = None
    tag: list[Annotated[str, Meta(max_length=3)]] = []


def read(raw: bytes) -> Asked:
    return parse_query(raw, max_pairs=20).read(Asked)


def faults(raw: bytes) -> dict[str, str]:
    with pytest.raises(BytewardError) as raised:
        read(raw)
    assert raised.value.code is ErrorCode.INVALID_REQUEST
    return {where: each["message"] for where, each in (raised.value.details or {}).items()}


def test_values_are_of_the_declared_types() -> None:
    raw = b"folderPath=%2Fa+b&limit=07&isDeep=TRUE&isWide=0&tag=x&tag=y&cursor=c&other=1&other=2"
    assert read(raw) == Asked(
        "/a b", limit=7, is_deep=True, is_wide=False, cursor="c", tag=["x", "y"]
    )
    assert read(b"folderPath=/") == Asked("/")


def test_every_fault_is_named_at_once() -> None:
    assert faults(b"limit=11&isDeep=maybe&tag=abcd&cursor=abcd") == {
        "query.folderPath": "'folderPath' is required",
        "query.limit": "max 10",
        "query.isDeep": "invalid boolean value",
        "query.tag.$0": "maxLength 3",
        "query.cursor": "maxLength 3",
    }


@pytest.mark.parametrize("number", ["", "1.0", "1e1", "٣", " 1", "1_0", "9" * 30])
def test_only_digits_are_a_number(number: str) -> None:
    raw = f"folderPath=/&limit={number}".encode()
    assert faults(raw) == {"query.limit": "invalid integer number"}


def test_what_may_be_given_once_is_not_given_twice() -> None:
    assert faults(b"folderPath=/a&folderPath=/a") == {"query.folderPath": "may be given once only"}
