"""When files expire (pure): the account's tag rules say how long files with a tag are kept.

The time counts from the upload or the copy that made the file, by the rules of that moment; a rule
that is changed later says nothing about files that are there.
"""

from __future__ import annotations

from collections.abc import Iterable

from byteward.accounts.model import TagRule


def expiry_for(tags: Iterable[str], rules: Iterable[TagRule], now_ms: int) -> int | None:
    """When a file with these tags that is made now expires; None: never.

    The shortest life wins when several of its tags have one.

    Args:
        tags: all tags of the file.
        rules: the account's.
        now_ms: Unix milliseconds.
    """
    lives = {rule.tag: rule.ttl_seconds for rule in rules if rule.ttl_seconds is not None}
    own = [lives[tag] for tag in tags if tag in lives]
    return now_ms + min(own) * 1000 if own else None
