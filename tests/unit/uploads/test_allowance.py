"""Which limits an upload falls under."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from byteward.access.model import KeyKind, Principal, PrincipalKind
from byteward.accounts.model import (
    Account,
    AccountSettings,
    ApiKey,
    BytesLimit,
    RateLimit,
    TagRule,
)
from byteward.accounts.service import new_api_key
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.caller import Caller
from byteward.uploads.allowance import Headroom, allowance_of, bounded

RATE, VOLUME = RateLimit(2, 60), BytesLimit(500, 60)


def account(*rules: TagRule, max_upload_bytes: int = 1000) -> Account:
    settings = AccountSettings(max_upload_bytes=max_upload_bytes)
    return Account("A623uY2", "a", settings, 1, 1, tag_rules=rules)


def api_key(
    *,
    rate: RateLimit | None = None,
    volume: BytesLimit | None = None,
    max_upload_bytes: int | None = None,
) -> ApiKey:
    return new_api_key(
        "A623uY2",
        KeyKind.PUBLIC,
        "k",
        created_at=0,
        key_id="F91kfA1g",
        upload_rate_limit=rate,
        upload_bytes_limit=volume,
        max_upload_bytes=max_upload_bytes,
    ).key


def caller(key: ApiKey | None = None, ip: str = "192.0.2.1") -> Caller:
    key = key or api_key()
    return Caller(Principal(PrincipalKind.API_KEY, "A623uY2", key=key.access), ip, key)


def test_without_rules_only_the_accounts_size_limits() -> None:
    allowance = allowance_of(account(TagRule("t", max_upload_bytes=1)), caller(), ["u"])
    assert (allowance.max_bytes, allowance.is_counted) == (1000, False)


def test_a_key_is_counted_for_each_address_and_a_tag_for_all() -> None:
    key = api_key(rate=RATE, volume=VOLUME, max_upload_bytes=700)
    rules = account(TagRule("t", 900, RATE, BytesLimit(800, 9)), TagRule("u", 1))
    here = allowance_of(rules, caller(key), ["t"])
    there = allowance_of(rules, caller(key, "192.0.2.2"), ["t"])
    assert here.max_bytes == 500
    subjects = [[each.subject for each in found.demands(7)] for found in (here, there)]
    assert [own != other for own, other in zip(*subjects, strict=True)] == [
        True,
        False,
        True,
        False,
    ]
    assert [each.amount for each in here.demands(7)] == [1, 1, 7, 7]


def test_counts_and_bytes_of_one_key_do_not_mix() -> None:
    found = allowance_of(account(), caller(api_key(rate=RATE, volume=VOLUME)), [])
    assert len({each.subject for each in found.demands(1)}) == 2


def test_a_size_at_the_limit_passes_and_one_more_does_not() -> None:
    allowance = allowance_of(account(), caller(api_key(max_upload_bytes=10)), [])
    allowance.check_size(10)
    with pytest.raises(BytewardError) as refused:
        allowance.check_size(11)
    assert refused.value.code is ErrorCode.FILE_TOO_LARGE
    assert refused.value.details == {"maxSize": 10, "size": 11}


@pytest.mark.parametrize(("left", "passes"), [(None, 9), (9, 9), (8, 6), (2, 0), (0, 0)])
def test_a_body_passes_as_far_as_there_is_room(left: int | None, passes: int) -> None:
    refusal = BytewardError(ErrorCode.QUOTA_EXCEEDED, "full")
    headroom = None if left is None else Headroom(left, refusal)

    async def body() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"123"

    async def read() -> tuple[int, bool]:
        received = 0
        try:
            async for chunk in bounded(body(), headroom):
                received += len(chunk)
        except BytewardError as error:
            return received, error is refusal
        return received, False

    assert asyncio.run(read()) == (passes, passes < 9)
