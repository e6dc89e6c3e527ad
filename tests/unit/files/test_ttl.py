from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from byteward.accounts.model import TagRule
from byteward.files.ttl import expiry_for

TAGS = st.sampled_from("abcd")
RULES = st.lists(
    st.builds(TagRule, TAGS, ttl_seconds=st.none() | st.integers(1, 10**9)),
    unique_by=lambda rule: rule.tag,
)


@given(st.lists(TAGS, unique=True), RULES, st.integers(0, 2**42))
def test_a_file_expires_when_the_first_of_its_tags_does(
    tags: list[str], rules: list[TagRule], now_ms: int
) -> None:
    expires_at = expiry_for(tags, rules, now_ms)
    alone = [expiry_for([tag], rules, now_ms) for tag in tags]
    assert expires_at == min((each for each in alone if each is not None), default=None)


def test_a_life_is_counted_in_seconds_from_now() -> None:
    assert expiry_for(["t"], [TagRule("t", ttl_seconds=2)], 1_000) == 3_000


def test_a_rule_is_about_the_whole_tag() -> None:
    rules = [TagRule("user", ttl_seconds=1), TagRule("none")]
    assert expiry_for(["user=1", "use", "User", "none"], rules, 0) is None
    assert expiry_for([], rules, 0) is None
