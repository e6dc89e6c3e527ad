"""Explaining: would this request be allowed, by which rule, and what would change the answer?

The question is put as a request and judged by the very code that judges requests: the
authenticator reads its headers, `decide` decides, and the words are read off its decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from byteward.access.actions import Action
from byteward.access.decide import decide
from byteward.access.decision import Decision
from byteward.access.explain import SmallestGrant, explain, smallest_grant
from byteward.access.model import Principal, PrincipalKind, PublicPermissions, Segments
from byteward.accounts.model import Account, ApiKey, JwtCertificate
from byteward.accounts.service import digest_of_key
from byteward.accounts.session_store import SignedIn
from byteward.clock import Clock
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.authenticate import Authenticator
from byteward.identity.caller import Refusal
from byteward.identity.cookies import NAME_PREFIX
from byteward.identity.jwt import JwtCheckResult, explain_jwt, verify_jwt
from byteward.ids import API_KEY_ID
from byteward.permissions.facts import Facts

LONG_LIFE_SECONDS: Final = 24 * 3600

_NO_ADDRESS: Final = ""  # no client sent the question


@dataclass(frozen=True, slots=True)
class Question:
    """A request as an operator describes it.

    Attributes:
        account_id: the account of the URL.
        segments: the path.
        action: what would be done to it.
        slug: transformation slug, for downloads.
        key: an API key's text, or its id, which an operator can look up.
        jwt: a JWT: beside the key, or alone.
        origin: the `Origin` header.
        is_cookie: the JWT comes in the cookie of a browser session.
    """

    account_id: str
    segments: Segments
    action: Action = Action.DOWNLOAD_FILE
    slug: str | None = "raw"
    key: str | None = field(default=None, repr=False)
    jwt: str | None = field(default=None, repr=False)
    origin: str | None = None
    is_cookie: bool = False


@dataclass(frozen=True, slots=True)
class TestedJwt:
    """What the checks of a JWT say.

    Attributes:
        checks: those that ran, in order.
        lifetime_warning: for people; None: nothing to warn of.
    """

    checks: tuple[JwtCheckResult, ...]
    lifetime_warning: str | None


@dataclass(frozen=True, slots=True)
class Readers:
    """Who can download a file.

    Attributes:
        everybody: the decision for an anonymous caller.
        keys: the enabled API keys, each with its decision.
    """

    everybody: Decision
    keys: tuple[tuple[ApiKey, Decision], ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer.

    Attributes:
        is_allowed: whether the request would be.
        lines: for people, the verdict first.
        decision: the decision; None when the credential itself was refused.
        refusal: why the credential was refused, if it was.
        jwt_checks: the checks of the JWT that ran, if one was given.
        remedy: the smallest grant that would change a denial.
    """

    is_allowed: bool
    lines: tuple[str, ...]
    decision: Decision | None
    refusal: BytewardError | None = None
    jwt_checks: tuple[JwtCheckResult, ...] = ()
    remedy: SmallestGrant | None = None


class Explainer:
    """Answers questions from stored facts; changes nothing.

    Args:
        facts: what is stored.
        clock: Unix seconds.
        jwt_max_lifetime_seconds: the server's cap on `exp - iat`, or None.
    """

    def __init__(
        self, facts: Facts, clock: Clock, *, jwt_max_lifetime_seconds: int | None = None
    ) -> None:
        self._facts = facts
        self._clock = clock
        self._max_lifetime = jwt_max_lifetime_seconds

    async def explain(self, question: Question) -> Explanation:
        """Answer one question.

        Raises:
            BytewardError: `account_not_found`, or 503 when the facts cannot be read.
        """
        self._facts.refresh()
        if await self._facts.account(question.account_id) is None:
            raise BytewardError(
                ErrorCode.ACCOUNT_NOT_FOUND, f"there is no account `{question.account_id}`"
            )
        public: PublicPermissions | None = None
        if question.action is Action.DOWNLOAD_FILE:
            public = await self._facts.public_permissions(
                question.account_id, question.segments[:-1]
            )
        checks = await self._jwt_checks(question)
        asking = await self._principal(question)
        if isinstance(asking, Refusal):
            anonymous = Principal(PrincipalKind.ANONYMOUS, question.account_id)
            decision = _decide(question, anonymous, public)
            if not decision.is_public:
                return _refused(asking.error, checks)
        else:
            decision = _decide(question, asking, public)
        return Explanation(
            decision.is_allowed,
            (*explain(decision), *_check_lines(checks)),
            decision,
            jwt_checks=checks,
            remedy=smallest_grant(decision),
        )

    async def test_jwt(self, account_id: str, token: str) -> TestedJwt:
        """Check a JWT as a request with it would be.

        Raises:
            BytewardError: 503 when the facts cannot be read.
        """
        self._facts.refresh()
        question = Question(account_id, (), jwt=token)
        checks = await self._jwt_checks(question)
        warning = None
        if all(each.passed for each in checks):
            jwt = verify_jwt(
                token,
                await self._facts.certificates(account_id),
                account_id=account_id,
                now=self._clock(),
            )
            if jwt.expires_at - self._clock() > LONG_LIFE_SECONDS:
                warning = (
                    "the token is good for more than a day: nobody can take it back but by "
                    "disabling its certificate"
                )
        return TestedJwt(checks, warning)

    async def readers(
        self, account_id: str, segments: Segments, slug: str, keys: Sequence[ApiKey]
    ) -> Readers:
        """Who can download a file, as each key alone and everybody.

        Raises:
            BytewardError: `account_not_found`, or 503 when the facts cannot be read.
        """
        self._facts.refresh()
        public = await self._facts.public_permissions(account_id, segments[:-1])
        anonymous = Principal(PrincipalKind.ANONYMOUS, account_id)
        question = Question(account_id, segments, slug=slug)
        usable = [key for key in keys if key.is_usable(self._clock())]
        found = tuple(
            (
                key,
                _decide(question, Principal(PrincipalKind.API_KEY, account_id, key.access), public),
            )
            for key in usable
        )
        return Readers(_decide(question, anonymous, public), found)

    async def _principal(self, question: Question) -> Principal | Refusal:
        if question.key is None and question.jwt is None:
            return Principal(PrincipalKind.ANONYMOUS, question.account_id)
        text, facts = await self._readable_key(question)
        headers = _headers(text, question.jwt, question.origin)
        authenticator = Authenticator(
            facts, self._clock, jwt_max_lifetime_seconds=self._max_lifetime
        )
        try:
            if question.is_cookie:
                headers = [(name, value) for name, value in headers if name != b"authorization"]
                cookie = f"{NAME_PREFIX}{question.account_id}={question.jwt}"
                headers.append((b"cookie", cookie.encode("latin-1", "replace")))
                caller = await authenticator.authenticate_cdn(
                    question.account_id, headers, _NO_ADDRESS
                )
                return caller if isinstance(caller, Refusal) else caller.principal
            caller = await authenticator.authenticate_api(question.account_id, headers, _NO_ADDRESS)
        except BytewardError as error:
            return Refusal(error)
        return caller.principal

    async def _readable_key(self, question: Question) -> tuple[str | None, Facts | _KeyOnHand]:
        """The text to send for the key, and facts that know it.

        A secret key's text is not stored. When the question gives the id, a made-up text stands
        for it, so that the rest of the way is that of a real request.
        """
        if question.key is None or not API_KEY_ID.fullmatch(question.key):
            return question.key, self._facts
        key = await self._facts.key_by_id(question.account_id, question.key)
        if key is None:
            return f"public_{question.account_id}", self._facts
        text = f"{key.kind.value}_{question.account_id}{key.key_id}"
        return text, _KeyOnHand(self._facts, replace(key, digest=digest_of_key(text)), text)

    async def _jwt_checks(self, question: Question) -> tuple[JwtCheckResult, ...]:
        if question.jwt is None:
            return ()
        return explain_jwt(
            question.jwt,
            await self._facts.certificates(question.account_id),
            account_id=question.account_id,
            now=self._clock(),
            max_lifetime_seconds=self._max_lifetime,
        )


@dataclass(frozen=True, slots=True)
class _KeyOnHand:
    """The stored facts, in which one text is the text of one key."""

    facts: Facts
    key: ApiKey
    text: str

    async def account(self, account_id: str) -> Account | None:
        return await self.facts.account(account_id)

    async def key_by_text(self, account_id: str, text: str) -> ApiKey | None:
        is_same = (account_id, text) == (self.key.account_id, self.text)
        return self.key if is_same else await self.facts.key_by_text(account_id, text)

    async def key_by_id(self, account_id: str, key_id: str) -> ApiKey | None:
        return await self.facts.key_by_id(account_id, key_id)

    async def certificates(self, account_id: str) -> Sequence[JwtCertificate]:
        return await self.facts.certificates(account_id)

    async def signed_in(self, account_id: str, session_id: str) -> SignedIn | None:
        return await self.facts.signed_in(account_id, session_id)


def _headers(
    key_text: str | None, jwt: str | None, origin: str | None
) -> list[tuple[bytes, bytes]]:
    headers: list[tuple[str, str]] = []
    if key_text is not None:
        headers.append(("authorization", f"Bearer {key_text}"))
        if jwt is not None:
            headers.append(("authorization-token", jwt))
    elif jwt is not None:
        headers.append(("authorization", f"Bearer {jwt}"))
    if origin is not None:
        headers.append(("origin", origin))
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers]


def _decide(question: Question, principal: Principal, public: PublicPermissions | None) -> Decision:
    slug = question.slug if question.action is Action.DOWNLOAD_FILE else None
    return decide(principal, question.action, question.segments, slug=slug, public=public)


def _refused(error: BytewardError, checks: tuple[JwtCheckResult, ...]) -> Explanation:
    lines = (
        f"denied: the credential is not accepted ({error.code})",
        f"because {error.message}",
        *_check_lines(checks),
    )
    return Explanation(False, lines, None, refusal=error, jwt_checks=checks)


def _check_lines(checks: Sequence[JwtCheckResult]) -> list[str]:
    return [
        f"JWT {check.check}: {'passed' if check.passed else 'failed: ' + check.message}"
        for check in checks
    ]
