"""Remembered grants: for the very same question, while everything behind the answer stands."""

from __future__ import annotations

from byteward.delivery.grant_cache import MAX_BYTES, Asker, GrantCache
from byteward.delivery.request import DeliveryRequest, parse_request

CALLER = b"digest"
STANDING = object()


def asked(path: bytes = b"/W142hJk/raw/a.jpg") -> DeliveryRequest:
    return parse_request(path, b"", max_url_bytes=1000, max_pairs=10)


def filled(request: DeliveryRequest, asker: Asker = CALLER) -> GrantCache[str]:
    cache: GrantCache[str] = GrantCache()
    cache.put(request, asker, STANDING, "granted", 200.0, 20)
    return cache


def test_the_same_question_has_the_same_answer() -> None:
    request = asked()
    assert filled(request).get(request, CALLER, STANDING, 199.9) == "granted"


def test_an_answer_ends_when_it_was_said_to_end() -> None:
    request = asked()
    assert filled(request).get(request, CALLER, STANDING, 200.0) is None


def test_an_answer_ends_with_the_standing_that_it_was_made_under() -> None:
    request = asked()
    assert filled(request).get(request, CALLER, object(), 100.0) is None
    assert filled(request).get(request, CALLER, None, 100.0) is None


def test_what_one_caller_may_is_not_said_to_another() -> None:
    request = asked()
    cache = filled(request)
    for other in (None, b"other", b""):
        assert cache.get(request, other, STANDING, 100.0) is None
    assert filled(request, None).get(request, CALLER, STANDING, 100.0) is None


def test_another_request_is_another_question_even_if_it_looks_alike() -> None:
    first, again, other = asked(), asked(), asked(b"/W142hJk/raw/b.jpg")
    cache = filled(first)
    assert cache.get(again, CALLER, STANDING, 100.0) is None
    assert cache.get(other, CALLER, STANDING, 100.0) is None


def test_long_targets_take_more_of_a_bounded_room() -> None:
    requests = [asked() for _ in range(5)]
    cache: GrantCache[str] = GrantCache()
    for request in requests:
        cache.put(request, None, STANDING, "granted", 200.0, MAX_BYTES // 8)
    answers = [cache.get(request, None, STANDING, 100.0) for request in requests]
    assert answers == [None, None, *["granted"] * 3]
