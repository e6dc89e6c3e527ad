from __future__ import annotations

import pytest

from byteward.access.model import KeyKind, Principal, PrincipalKind, UserAccess
from byteward.access.roles import Role
from tests.unit.access.builders import ANONYMOUS, DASHBOARD_USER, key, principal, public_key, token


@pytest.mark.parametrize("has_user", [False, True])
@pytest.mark.parametrize("has_token", [False, True])
@pytest.mark.parametrize("has_key", [False, True])
@pytest.mark.parametrize("kind", list(PrincipalKind))
def test_principal_has_exactly_the_parts_of_its_kind(
    kind: PrincipalKind, has_key: bool, has_token: bool, has_user: bool
) -> None:
    parts = {
        PrincipalKind.ANONYMOUS: (False, False, False),
        PrincipalKind.API_KEY: (True, False, False),
        PrincipalKind.API_KEY_AND_JWT: (True, True, False),
        PrincipalKind.JWT: (False, True, False),
        PrincipalKind.COOKIE: (False, True, False),
        PrincipalKind.SECURE_URL: (True, False, False),
        PrincipalKind.DASHBOARD_USER: (False, False, True),
    }

    def build() -> Principal:
        return Principal(
            kind,
            "A623uY2",
            key() if has_key else None,
            token() if has_token else None,
            UserAccess("owner@example.com", Role.OWNER) if has_user else None,
        )

    if parts[kind] == (has_key, has_token, has_user):
        assert build().kind is kind
    else:
        with pytest.raises(ValueError, match=kind.value):
            build()


def test_jobs_and_cache_operations_need_a_secret_key_or_a_dashboard_user() -> None:
    assert DASHBOARD_USER.has_secret_authority
    assert principal(key()).has_secret_authority
    assert principal(key(), token()).has_secret_authority
    for other in (
        ANONYMOUS,
        principal(public_key()),
        principal(public_key(), token()),
        principal(token=token()),
        principal(key(kind=KeyKind.SECRET), kind=PrincipalKind.SECURE_URL),
    ):
        assert not other.has_secret_authority
