"""Who is calling: order, precedence and refusals on both planes."""

from __future__ import annotations

import asyncio

import pytest

from byteward.access.model import KeyKind, PrincipalKind
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.authenticate import Authenticator
from byteward.identity.caller import Caller, Refusal
from tests.unit.identity.memory_facts import (
    ACCOUNT,
    NOW,
    OTHER_ACCOUNT,
    MemoryFacts,
    api_key,
    claims,
    key_text,
    memory_facts,
    token,
)

APP = b"https://app.example.com"
SECRET = api_key("SKsec111")
PUBLIC = api_key("PKpub111", kind=KeyKind.PUBLIC)
STRICT = api_key("PKJjwt11", require_jwt=True)
LISTED = api_key("PKQrgn11", allowed_origins=(APP.decode(),))
DISABLED = api_key("PKEdis11", enabled=False)
EXPIRED = api_key("PKQexp11", expires_at=NOW)
ENDING = api_key("PKend111", expires_at=NOW + 60)
FOREIGN = api_key("SKBacc11", account_id=OTHER_ACCOUNT)


@pytest.fixture
def facts() -> MemoryFacts:
    return memory_facts(SECRET, PUBLIC, STRICT, LISTED, DISABLED, EXPIRED, ENDING, FOREIGN)


def bearer(text: str) -> tuple[bytes, bytes]:
    return b"authorization", b"Bearer " + text.encode()


def with_key(key_id: str, kind: str = "secret", account_id: str = ACCOUNT) -> tuple[bytes, bytes]:
    return bearer(key_text(key_id, kind, account_id))


def beside(text: str) -> tuple[bytes, bytes]:
    return b"authorization-token", text.encode()


def cookie(text: str) -> tuple[bytes, bytes]:
    return b"cookie", b"access-token-A623uY2=" + text.encode()


def api(facts: MemoryFacts, *headers: tuple[bytes, bytes], account_id: str = ACCOUNT) -> Caller:
    authenticator = Authenticator(facts, lambda: NOW)
    return asyncio.run(authenticator.authenticate_api(account_id, headers, "192.0.2.1"))


def api_code(
    facts: MemoryFacts, *headers: tuple[bytes, bytes], account_id: str = ACCOUNT
) -> ErrorCode:
    with pytest.raises(BytewardError) as refused:
        api(facts, *headers, account_id=account_id)
    return refused.value.code


def cdn(facts: MemoryFacts, *headers: tuple[bytes, bytes]) -> Caller | ErrorCode:
    authenticator = Authenticator(facts, lambda: NOW)
    result = asyncio.run(authenticator.authenticate_cdn(ACCOUNT, headers, "192.0.2.1"))
    return result.error.code if isinstance(result, Refusal) else result


def kind_on_cdn(facts: MemoryFacts, *headers: tuple[bytes, bytes]) -> PrincipalKind | ErrorCode:
    result = cdn(facts, *headers)
    return result.principal.kind if isinstance(result, Caller) else result


def test_an_api_key_alone(facts: MemoryFacts) -> None:
    caller = api(facts, with_key("SKsec111"))
    assert caller.principal.kind is PrincipalKind.API_KEY
    assert caller.principal.key == SECRET.access
    assert caller.principal.token is None
    assert (caller.key, caller.jwt, caller.client_ip) == (SECRET, None, "192.0.2.1")
    assert caller.principal.has_secret_authority


def test_an_api_key_that_ends_makes_a_principal_that_ends(facts: MemoryFacts) -> None:
    assert api(facts, with_key("SKsec111")).principal.expires_at is None
    assert api(facts, with_key("PKend111")).principal.expires_at == NOW + 60
    together = api(facts, with_key("PKend111"), beside(token()))
    assert together.principal.expires_at == NOW + 60
    sooner = api(facts, with_key("PKend111"), beside(token(claims(exp=NOW + 5))))
    assert sooner.principal.expires_at == NOW + 5
    named = api(facts, bearer(token(claims(apiKeyId="PKend111"))))
    assert named.principal.expires_at == NOW + 60


@pytest.mark.parametrize("account_claim", [None, ACCOUNT])
def test_an_api_key_with_a_token(facts: MemoryFacts, account_claim: str | None) -> None:
    text = token(claims(accountId=account_claim))
    caller = api(facts, with_key("PKpub111", "public"), beside(text))
    assert caller.principal.kind is PrincipalKind.API_KEY_AND_JWT
    assert caller.principal.key == PUBLIC.access
    assert caller.principal.token is not None
    assert caller.principal.token.subject == "u1"
    assert caller.principal.expires_at == NOW + 3600


def test_a_secret_key_keeps_its_authority_beside_a_token(facts: MemoryFacts) -> None:
    assert api(facts, with_key("SKsec111"), beside(token())).principal.has_secret_authority


def test_a_token_alone_takes_no_permissions_from_the_key_it_names(facts: MemoryFacts) -> None:
    caller = api(facts, bearer(token(claims(apiKeyId="SKsec111"))))
    assert caller.principal.kind is PrincipalKind.JWT
    assert caller.principal.key is None
    assert caller.key == SECRET
    assert not caller.principal.has_secret_authority


def test_nothing_but_headers_is_a_credential_on_the_api(facts: MemoryFacts) -> None:
    assert api_code(facts) is ErrorCode.AUTHENTICATION_FAILED_NO_CREDENTIALS
    assert api_code(facts, cookie(token())) is ErrorCode.AUTHENTICATION_FAILED_NO_CREDENTIALS
    assert api_code(facts, beside(token())) is ErrorCode.AUTHENTICATION_FAILED_NO_CREDENTIALS


@pytest.mark.parametrize(
    "header",
    [
        with_key("PKEdis11"),
        with_key("PKQexp11"),
        with_key("SKBacc11", account_id=OTHER_ACCOUNT),
        with_key("Nbdy1111"),
        with_key("Nbdy1111", account_id=OTHER_ACCOUNT),
        bearer(key_text("SKsec111") + "x"),
        bearer(key_text("SKsec111")[:-1]),
    ],
)
def test_keys_that_are_not_good_here_get_one_answer(
    facts: MemoryFacts, header: tuple[bytes, bytes]
) -> None:
    with pytest.raises(BytewardError) as refused:
        api(facts, header)
    assert refused.value.code is ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED
    assert refused.value.details is None
    assert cdn(facts, header) is ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED


def test_a_key_of_an_unknown_account_is_told_so(facts: MemoryFacts) -> None:
    with pytest.raises(BytewardError) as refused:
        api(facts, bearer("public_notarealkey"))
    assert refused.value.code is ErrorCode.AUTHENTICATION_FAILED_ACCOUNT_NOT_FOUND
    assert refused.value.details == {"accountId": "notarea"}


def test_a_key_is_looked_up_by_the_account_of_the_url(facts: MemoryFacts) -> None:
    foreign = with_key("SKBacc11", account_id=OTHER_ACCOUNT)
    assert api(facts, foreign, account_id=OTHER_ACCOUNT).key == FOREIGN
    assert api_code(facts, with_key("SKsec111"), account_id=OTHER_ACCOUNT) is (
        ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED
    )
    assert api_code(facts, with_key("SKsec111"), account_id="nowhere") is (
        ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED
    )


def test_a_token_for_an_unknown_account_is_invalid(facts: MemoryFacts) -> None:
    text = token(claims(accountId="nowhere"))
    assert api_code(facts, bearer(text), account_id="nowhere") is (
        ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID
    )


def test_a_bad_companion_is_never_dropped(facts: MemoryFacts) -> None:
    expired = token(claims(exp=NOW))
    for text, code in (
        (expired, ErrorCode.AUTHENTICATION_FAILED_JWT_EXPIRED),
        ("junk", ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID),
        (token(pair="rogue"), ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID),
        (token() + ", " + token(), ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID),
    ):
        assert api_code(facts, with_key("SKsec111"), beside(text)) is code
        assert cdn(facts, with_key("SKsec111"), beside(text)) is code


def test_a_bad_key_is_refused_before_its_companion(facts: MemoryFacts) -> None:
    assert api_code(facts, with_key("PKEdis11"), beside("junk")) is (
        ErrorCode.AUTHENTICATION_FAILED_CREDENTIALS_DENIED
    )


def test_two_different_tokens_are_refused_and_equal_ones_are_one(facts: MemoryFacts) -> None:
    first, second = token(), token(claims(sub="u2"))
    assert api_code(facts, bearer(first), beside(second)) is (
        ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID
    )
    assert api(facts, bearer(first), beside(first)).principal.kind is PrincipalKind.JWT


def test_a_token_may_name_only_the_key_it_comes_with(facts: MemoryFacts) -> None:
    names_secret = token(claims(apiKeyId="SKsec111"))
    assert api(facts, with_key("SKsec111"), beside(names_secret)).key == SECRET
    assert api_code(facts, with_key("PKpub111", "public"), beside(names_secret)) is (
        ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID
    )


@pytest.mark.parametrize("key_id", ["PKEdis11", "PKQexp11", "SKBacc11", "Nbdy1111"])
def test_a_lone_token_may_name_only_a_usable_key(facts: MemoryFacts, key_id: str) -> None:
    text = token(claims(apiKeyId=key_id))
    assert api_code(facts, bearer(text)) is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID
    assert kind_on_cdn(facts, cookie(text)) is PrincipalKind.ANONYMOUS


def test_a_lone_token_is_bound_by_the_origins_of_the_key_it_names(facts: MemoryFacts) -> None:
    text = token(claims(apiKeyId="PKQrgn11"))
    assert api_code(facts, bearer(text)) is ErrorCode.ORIGIN_NOT_ALLOWED
    assert api(facts, bearer(text), (b"origin", APP)).key == LISTED


@pytest.mark.parametrize(
    ("page", "allowed"),
    [
        ((b"origin", APP), True),
        ((b"origin", b"https://APP.example.com:443"), True),
        ((b"referer", APP + b"/page"), True),
        ((b"origin", b"https://evil.example"), False),
        ((b"origin", b"null"), False),
        ((b"x-nothing", b""), False),
    ],
)
def test_origins_of_keys_and_tokens(
    facts: MemoryFacts, page: tuple[bytes, bytes], allowed: bool
) -> None:
    listed = token(claims(allowedOrigins=[APP.decode()]))
    for headers in (
        [with_key("PKQrgn11"), page],
        [bearer(listed), page],
        [with_key("SKsec111"), beside(listed), page],
        [with_key("PKQrgn11"), beside(token()), page],
    ):
        if allowed:
            assert api(facts, *headers).principal.account_id == ACCOUNT
            assert isinstance(cdn(facts, *headers), Caller)
        else:
            assert api_code(facts, *headers) is ErrorCode.ORIGIN_NOT_ALLOWED
            assert cdn(facts, *headers) is ErrorCode.ORIGIN_NOT_ALLOWED
    in_cookie = PrincipalKind.COOKIE if allowed else ErrorCode.ORIGIN_NOT_ALLOWED
    assert kind_on_cdn(facts, cookie(listed), page) is in_cookie


def test_an_empty_list_of_a_token_allows_no_origin(facts: MemoryFacts) -> None:
    text = token(claims(allowedOrigins=[]))
    assert api_code(facts, bearer(text), (b"origin", APP)) is ErrorCode.ORIGIN_NOT_ALLOWED


def test_a_key_can_require_a_token(facts: MemoryFacts) -> None:
    assert api_code(facts, with_key("PKJjwt11")) is ErrorCode.JWT_REQUIRED
    assert cdn(facts, with_key("PKJjwt11")) is ErrorCode.JWT_REQUIRED
    assert api(facts, with_key("PKJjwt11"), beside(token())).key == STRICT
    assert api_code(facts, with_key("PKJjwt11"), beside(token(claims(exp=NOW)))) is (
        ErrorCode.AUTHENTICATION_FAILED_JWT_EXPIRED
    )


def test_who_comes_before_from_where(facts: MemoryFacts) -> None:
    """401 before 403: an origin says nothing to a caller whose token is bad."""
    assert api_code(facts, with_key("PKQrgn11"), beside("junk")) is (
        ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID
    )


def test_a_file_may_be_read_with_the_cookie(facts: MemoryFacts) -> None:
    caller = cdn(facts, cookie(token(claims(accountId=None))))
    assert isinstance(caller, Caller)
    assert caller.principal.kind is PrincipalKind.COOKIE
    assert caller.jwt is not None
    assert caller.principal.expires_at == NOW + 3600


@pytest.mark.parametrize(
    "text",
    ["junk", token(claims(exp=NOW)), token(pair="rogue"), token(claims(accountId=OTHER_ACCOUNT))],
)
def test_a_bad_cookie_is_as_good_as_none(facts: MemoryFacts, text: str) -> None:
    assert kind_on_cdn(facts, cookie(text)) is PrincipalKind.ANONYMOUS


def test_a_cookie_sent_twice_is_ignored(facts: MemoryFacts) -> None:
    second = cookie(token(claims(sub="u2")))
    assert kind_on_cdn(facts, cookie(token()), second) is PrincipalKind.ANONYMOUS


def test_headers_come_before_the_cookie_even_when_they_are_bad(facts: MemoryFacts) -> None:
    good = cookie(token())
    assert kind_on_cdn(facts, with_key("SKsec111"), good) is PrincipalKind.API_KEY
    assert kind_on_cdn(facts, beside(token()), good) is PrincipalKind.JWT
    assert cdn(facts, bearer("junk"), good) is ErrorCode.JWT_MISSING_ACCOUNT_ID_FIELD
    assert cdn(facts, (b"authorization", b""), good) is (
        ErrorCode.AUTHENTICATION_FAILED_NO_CREDENTIALS
    )


def test_the_companion_alone_reads_files_and_needs_no_account_id(facts: MemoryFacts) -> None:
    text = token(claims(accountId=None))
    assert kind_on_cdn(facts, beside(text)) is PrincipalKind.JWT
    assert cdn(facts, bearer(text)) is ErrorCode.JWT_MISSING_ACCOUNT_ID_FIELD
    assert kind_on_cdn(facts, beside("")) is PrincipalKind.ANONYMOUS


def test_the_account_id_is_asked_for_even_when_the_token_is_known(facts: MemoryFacts) -> None:
    text = token(claims(accountId=None))
    authenticator = Authenticator(facts, lambda: NOW)

    async def both() -> Caller | Refusal:
        first = await authenticator.authenticate_cdn(ACCOUNT, [beside(text)], "192.0.2.1")
        assert isinstance(first, Caller)
        return await authenticator.authenticate_cdn(ACCOUNT, [bearer(text)], "192.0.2.1")

    second = asyncio.run(both())
    assert isinstance(second, Refusal)
    assert second.error.code is ErrorCode.JWT_MISSING_ACCOUNT_ID_FIELD


def test_lifetimes_can_be_capped(facts: MemoryFacts) -> None:
    authenticator = Authenticator(facts, lambda: NOW, jwt_max_lifetime_seconds=60)
    with pytest.raises(BytewardError):
        asyncio.run(authenticator.authenticate_api(ACCOUNT, [bearer(token())], "192.0.2.1"))


def session(facts: MemoryFacts, text: str, *headers: tuple[bytes, bytes]) -> str:
    authenticator = Authenticator(facts, lambda: NOW)
    work = authenticator.authenticate_session_token(ACCOUNT, text, headers)
    return asyncio.run(work).subject


def test_a_session_token_is_validated_whole(facts: MemoryFacts) -> None:
    assert session(facts, token(claims(accountId=None))) == "u1"
    listed = token(claims(allowedOrigins=[APP.decode()]))
    assert session(facts, listed, (b"origin", APP)) == "u1"
    for text, headers in (
        (listed, []),
        (listed, [(b"referer", APP)]),
        (listed, [(b"origin", b"https://evil.example")]),
        (token(claims(exp=NOW)), []),
        (token(claims(accountId=OTHER_ACCOUNT)), []),
        (token(claims(apiKeyId="PKEdis11")), []),
        ("\ud800", []),
    ):
        with pytest.raises(BytewardError) as refused:
            session(facts, text, *headers)
        assert refused.value.status in (401, 403)
