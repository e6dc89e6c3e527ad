"""Remembered callers: gone with the account's standing and with their credential."""

from __future__ import annotations

from byteward.access.model import Principal, PrincipalKind, UserAccess
from byteward.access.roles import Role
from byteward.delivery.caller_cache import ENTRIES, CallerCache, CallerKey
from byteward.identity.caller import Caller


def caller(expires_at: float | None = None) -> Caller:
    user = PrincipalKind.DASHBOARD_USER
    return Caller(
        Principal(
            user, "W142hJk", user=UserAccess("a@b.example", Role.OWNER), expires_at=expires_at
        ),
        "::1",
    )


KEY: CallerKey = ("W142hJk", "127.0.0.1", b"digest")
NOW_STANDS, STANDS_LATER = object(), object()


def test_a_caller_is_remembered_until_the_authority_of_the_account_changes() -> None:
    cache = CallerCache()
    one = caller()
    cache.put(KEY, NOW_STANDS, 100.0, one)
    assert cache.get(KEY, NOW_STANDS, 101.0) is one
    assert cache.get(KEY, STANDS_LATER, 101.0) is None
    assert cache.get(KEY, None, 101.0) is None


def test_nobody_else_is_taken_for_the_caller() -> None:
    cache = CallerCache()
    cache.put(KEY, NOW_STANDS, 100.0, caller())
    others = [("W142hJx", *KEY[1:]), (KEY[0], "::1", KEY[2]), (*KEY[:2], b"other")]
    assert [cache.get(key, NOW_STANDS, 100.0) for key in others] == [None] * 3


def test_a_caller_is_forgotten_with_its_credential_and_after_a_minute() -> None:
    cache = CallerCache()
    cache.put(KEY, NOW_STANDS, 100.0, caller(expires_at=110.0))
    assert cache.get(KEY, NOW_STANDS, 109.9) is not None
    assert cache.get(KEY, NOW_STANDS, 110.0) is None
    cache.put(KEY, NOW_STANDS, 100.0, caller())
    assert cache.get(KEY, NOW_STANDS, 159.9) is not None
    assert cache.get(KEY, NOW_STANDS, 160.0) is None


def test_nobody_is_not_remembered() -> None:
    cache = CallerCache()
    nobody = Caller(Principal(PrincipalKind.ANONYMOUS, "W142hJk"), "::1")
    cache.put(KEY, NOW_STANDS, 100.0, nobody)
    assert cache.get(KEY, NOW_STANDS, 100.0) is None


def test_the_number_of_entries_is_bounded() -> None:
    cache = CallerCache()
    for number in range(ENTRIES + 1):
        cache.put((*KEY[:2], b"%d" % number), NOW_STANDS, 100.0, caller())
    assert cache.get((*KEY[:2], b"0"), NOW_STANDS, 100.0) is None
    assert cache.get((*KEY[:2], b"%d" % ENTRIES), NOW_STANDS, 100.0) is not None
