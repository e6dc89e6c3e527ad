"""The permission cases as far as credentials go: who gets 401, and which principal the rest are."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace
from functools import lru_cache

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from byteward.access.model import Principal, PrincipalKind
from byteward.errors import BytewardError
from byteward.identity.authenticate import Authenticator
from byteward.identity.caller import Caller
from tests.conformance.access_cases import (
    Action,
    Case,
    Check,
    Request,
    fill,
    load_cases,
    load_fixture,
)
from tests.conformance.access_facts import fixture_facts
from tests.conformance.access_tokens import make_signers, sign_template, template_claims
from tests.unit.identity.memory_facts import MemoryFacts

NOW = 1_800_000_000
FIXTURE = load_fixture()
CREDENTIAL_CODES = {
    "authentication_failed_no_credentials",
    "authentication_failed_credentials_denied",
    "authentication_failed_account_not_found",
    "authentication_failed_jwt_invalid",
    "authentication_failed_jwt_expired",
    "jwt_missing_account_id_field",
    "origin_not_allowed",
    "jwt_required",
}
Outcome = Caller | str


@lru_cache(maxsize=1)
def signers() -> dict[str, rsa.RSAPrivateKey]:
    return make_signers(FIXTURE)


def text_of(kind: str, argument: str) -> str:
    if kind == "key":
        return FIXTURE.keys[argument].text
    if kind == "jwt":
        return sign_template(FIXTURE, argument, signers(), NOW)
    if kind == "basic":
        user, _, key = argument.partition(":")
        return base64.b64encode(f"{user}:{FIXTURE.keys[key].text}".encode()).decode()
    return kind


def headers_of(request: Request) -> list[tuple[bytes, bytes]]:
    headers = [
        (name.lower().encode(), fill(value, text_of).encode())
        for name, value in request.headers.items()
    ]
    cookies = [f"{name}={fill(value, text_of)}" for name, value in request.cookies.items()]
    return [*headers, (b"cookie", "; ".join(cookies).encode())] if cookies else headers


def is_session_request(request: Request) -> bool:
    return str(request.target).startswith("/api/v1/")


def authenticate(facts: MemoryFacts, request: Request) -> Outcome:
    """The caller, or the code of the refusal, whether deferred or not."""
    authenticator = Authenticator(facts, lambda: NOW)
    segments = str(request.target).split("/")
    is_delivery = request.plane == "cdn" and request.method in ("GET", "HEAD")
    account_id = segments[1] if request.plane == "cdn" else segments[3]
    headers = headers_of(request)
    try:
        if not is_delivery:
            work = authenticator.authenticate_api(account_id, headers, "192.0.2.1")
            return asyncio.run(work)
        result = asyncio.run(authenticator.authenticate_cdn(account_id, headers, "192.0.2.1"))
    except BytewardError as error:
        return error.code.value
    return result if isinstance(result, Caller) else result.error.code.value


def apply(facts: MemoryFacts, action: Action) -> None:
    if action.disable_key is not None:
        key_id = FIXTURE.keys[action.disable_key].id
        facts.keys = [replace(k, enabled=k.enabled and k.key_id != key_id) for k in facts.keys]
    if action.disable_certificate is not None:
        certificate_id = FIXTURE.certificates[action.disable_certificate].id
        facts.all_certificates = [
            replace(c, enabled=c.enabled and c.certificate_id != certificate_id)
            for c in facts.all_certificates
        ]


def is_authenticated_by_headers(request: Request) -> bool:
    """Not sessions, part uploads, preflights and secure URLs, which have rules of their own."""
    return (
        request.target is not None
        and not is_session_request(request)
        and request.method != "OPTIONS"
        and request.target.startswith(("/v2/accounts/", "/A623uY2/", "/B7xk3Qz/"))
    )


def play(facts: MemoryFacts, request: Request, status: int, code: str | None) -> None:
    if not is_authenticated_by_headers(request):
        return
    outcome = authenticate(facts, request)
    if status == 401 or code in CREDENTIAL_CODES:
        assert isinstance(outcome, str)
        assert outcome == (code or outcome)
    elif status < 400 and isinstance(outcome, str):
        # Only the public floor serves a request whose credential is refused.
        assert request.plane == "cdn"


CASES = load_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_credentials_of_the_case_are_accepted_or_refused(case: Case) -> None:
    facts = fixture_facts(FIXTURE, signers())
    play(facts, case.request, case.expect.status, case.expect.code)
    for step in case.then:
        if step.action is not None:
            apply(facts, step.action)
        if step.request is not None and step.expect is not None:
            play(facts, step.request, step.expect.status, step.expect.code)


DECIDED = [
    case
    for case in CASES
    if case.decision
    and is_authenticated_by_headers(case.request)
    and case.expect.code not in CREDENTIAL_CODES
]


def described(principal: Principal) -> tuple[str | None, str | None]:
    """The key and the user whose permissions count."""
    key = None if principal.key is None else principal.key.key_id
    return key, None if principal.token is None else principal.token.subject


def expected(check: Check) -> tuple[str | None, str | None]:
    key = None if check.principal.key is None else FIXTURE.keys[check.principal.key].id
    if check.principal.jwt is None:
        return key, None
    return key, str(template_claims(FIXTURE, check.principal.jwt)["sub"])


@pytest.mark.parametrize("case", DECIDED, ids=[case.id for case in DECIDED])
def test_the_principal_is_the_one_that_the_decision_is_about(case: Case) -> None:
    outcome = authenticate(fixture_facts(FIXTURE, signers()), case.request)
    check = case.decision[0]
    if check.principal.key is None and check.principal.jwt is None:
        assert isinstance(outcome, str) or outcome.principal.kind is PrincipalKind.ANONYMOUS
        return
    assert isinstance(outcome, Caller)
    assert described(outcome.principal) == expected(check)
    assert (outcome.principal.kind is PrincipalKind.COOKIE) is (check.via == "cookie")
