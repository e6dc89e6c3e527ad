"""New API keys: what they may do, and what of them is shown."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.access.actions import Action
from byteward.access.decide import decide
from byteward.access.model import KeyKind, Principal, PrincipalKind
from byteward.accounts.model import AccountSettings, ApiKey
from byteward.accounts.service import default_root_permissions, digest_of_key, new_api_key

ACCOUNT = "A623uY2"


def made(kind: KeyKind, *, enabled: bool = True, expires_at: int | None = None) -> ApiKey:
    return new_api_key(ACCOUNT, kind, "k", created_at=0, enabled=enabled, expires_at=expires_at).key


def may(key: ApiKey, action: Action, *segments: str, slug: str | None = None) -> bool:
    principal = Principal(PrincipalKind.API_KEY, ACCOUNT, key=key.access)
    return decide(principal, action, segments, slug=slug).is_allowed


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("path", [(), ("a",), ("a", "b"), ("a", "b", "c")])
def test_new_secret_key_may_do_everything(action: Action, path: tuple[str, ...]) -> None:
    slug = "raw" if action is Action.DOWNLOAD_FILE else None
    assert may(made(KeyKind.SECRET), action, *path, slug=slug)


@pytest.mark.parametrize("action", list(Action))
def test_new_public_key_may_only_upload_new_files(action: Action) -> None:
    key = made(KeyKind.PUBLIC)
    slug = "raw" if action is Action.DOWNLOAD_FILE else None
    for path in (("a",), ("a", "b"), ("a", "b", "c")):
        assert may(key, action, *path, slug=slug) is (action is Action.CREATE_FILE)


def test_new_secret_key_names_any_tag_and_a_public_one_none() -> None:
    assert made(KeyKind.SECRET).tag_patterns == ("*",)
    assert made(KeyKind.PUBLIC).tag_patterns == ()


def test_text_of_a_new_key_begins_with_kind_and_account() -> None:
    new = new_api_key(ACCOUNT, KeyKind.SECRET, "k", created_at=0)
    assert new.text.startswith("secret_A623uY2")
    assert new.key.digest == hashlib.sha256(new.text.encode()).digest()
    assert len(new.key.secure_url_key) == 32


def test_text_of_a_secret_key_is_kept_nowhere() -> None:
    new = new_api_key(ACCOUNT, KeyKind.SECRET, "k", created_at=0)
    assert new.key.public_text is None
    assert new.text not in repr(new)
    assert repr(new.key.secure_url_key) not in repr(new)


def test_text_of_a_public_key_can_be_shown_again() -> None:
    new = new_api_key(ACCOUNT, KeyKind.PUBLIC, "k", created_at=0)
    assert new.key.public_text == new.text


@given(st.text(st.characters(), max_size=50))
def test_any_text_has_a_digest(text: str) -> None:
    assert len(digest_of_key(text)) == 32


def test_unpaired_surrogates_have_a_digest() -> None:
    assert digest_of_key("\ud800") != digest_of_key("\ud801")


@pytest.mark.parametrize(
    ("enabled", "expires_at", "now", "usable"),
    [
        (True, None, 1e12, True),
        (True, 100, 99.999, True),
        (True, 100, 100.0, False),
        (False, None, 0.0, False),
    ],
)
def test_key_is_usable_until_it_is_disabled_or_expires(
    enabled: bool, expires_at: int | None, now: float, usable: bool
) -> None:
    key = made(KeyKind.SECRET, enabled=enabled, expires_at=expires_at)
    assert key.is_usable(now) is usable


def test_root_of_a_private_by_default_account_defines_that_nothing_is_public() -> None:
    assert default_root_permissions(AccountSettings(default_root_public=False)).entries == ()
    public = default_root_permissions(AccountSettings())
    assert [entry.patterns for entry in public.entries] == [("*",), ("*",)]
