"""Remembered callers: gone with any commit, with their credential, and with any other header."""

from __future__ import annotations

from byteward.access.model import Principal, PrincipalKind
from byteward.delivery.caller_cache import ENTRIES, CallerCache, caller_key
from byteward.identity.caller import Caller


def caller(expires_at: float | None = None) -> Caller:
    user = PrincipalKind.DASHBOARD_USER
    return Caller(Principal(user, "W142hJk", user="a@b.example", expires_at=expires_at), "::1")


KEY = caller_key("W142hJk", "127.0.0.1", {b"authorization": b"Bearer x"})


def test_a_caller_is_remembered_until_the_database_changes() -> None:
    cache = CallerCache()
    one = caller()
    cache.put(KEY, 7, 100.0, one)
    assert cache.get(KEY, 7, 101.0) is one
    assert cache.get(KEY, 8, 101.0) is None


def test_a_caller_is_forgotten_with_its_credential_and_after_a_minute() -> None:
    cache = CallerCache()
    cache.put(KEY, 7, 100.0, caller(expires_at=110.0))
    assert cache.get(KEY, 7, 109.9) is not None
    assert cache.get(KEY, 7, 110.0) is None
    cache.put(KEY, 7, 100.0, caller())
    assert cache.get(KEY, 7, 159.9) is not None
    assert cache.get(KEY, 7, 160.0) is None


def test_nobody_is_not_remembered() -> None:
    cache = CallerCache()
    nobody = Caller(Principal(PrincipalKind.ANONYMOUS, "W142hJk"), "::1")
    cache.put(KEY, 7, 100.0, nobody)
    assert cache.get(KEY, 7, 100.0) is None


def test_the_number_of_entries_is_bounded() -> None:
    cache = CallerCache()
    for number in range(ENTRIES + 1):
        key = caller_key("W142hJk", "127.0.0.1", {b"cookie": b"%d" % number})
        cache.put(key, 7, 100.0, caller())
    first = caller_key("W142hJk", "127.0.0.1", {b"cookie": b"0"})
    last = caller_key("W142hJk", "127.0.0.1", {b"cookie": b"%d" % ENTRIES})
    assert cache.get(first, 7, 100.0) is None
    assert cache.get(last, 7, 100.0) is not None


def test_whatever_authentication_reads_is_in_the_key() -> None:
    names = (b"authorization", b"authorization-token", b"cookie", b"origin", b"referer")
    keys = [caller_key("W142hJk", "::1", {name: b"a"}) for name in names]
    keys += [caller_key("W142hJk", "::1", {}), caller_key("W142hJx", "::1", {})]
    keys += [caller_key("W142hJk", "::2", {}), caller_key("W142hJk", "::1", {b"origin": b"b"})]
    keys.append(caller_key("W142hJk", "::1", {b"cookie": b"aorigin:1:a"}))
    keys.append(caller_key("W142hJk", "::1", {b"cookie": b"a", b"origin": b"a"}))
    assert len(set(keys)) == len(keys)
    assert caller_key("W142hJk", "::1", {b"accept": b"a"}) == caller_key("W142hJk", "::1", {})
