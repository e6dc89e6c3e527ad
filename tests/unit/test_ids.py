from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from byteward import ids


@pytest.mark.parametrize(
    ("new", "pattern"),
    [
        (ids.new_account_id, ids.ACCOUNT_ID),
        (ids.new_api_key_id, ids.API_KEY_ID),
        (ids.new_upload_id, ids.UPLOAD_ID),
        (ids.new_object_id, ids.OBJECT_ID),
        (ids.new_request_id, re.compile(r"[0-9a-f]{16}")),
    ],
)
def test_new_identifiers_have_their_form_and_differ(
    new: Callable[[], str], pattern: re.Pattern[str]
) -> None:
    made = {new() for _ in range(100)}
    assert len(made) == 100
    assert all(pattern.fullmatch(text) for text in made)


def test_base58_leaves_out_what_people_confuse() -> None:
    assert len(set(ids.BASE58)) == 58
    assert not set("0OIl") & set(ids.BASE58)
    assert all(ids.ACCOUNT_ID.fullmatch(character * 7) for character in ids.BASE58)


@pytest.mark.parametrize("kind", ["public", "secret"])
def test_clients_find_the_account_id_after_the_first_underscore(kind: str) -> None:
    text = ids.new_api_key_text(kind, "A623uY2")
    assert text.split("_", 1)[1][:7] == "A623uY2"
    assert re.fullmatch(kind + "_A623uY2[1-9A-HJ-NP-Za-km-z]{24}", text)


def test_secure_url_keys_are_32_bytes_and_differ() -> None:
    first, second = ids.new_secure_url_key(), ids.new_secure_url_key()
    assert len(first) == 32
    assert first != second
