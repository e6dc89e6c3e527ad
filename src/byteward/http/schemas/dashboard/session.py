"""Bodies of signing in and of a user's own sign-in."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from byteward.access.roles import Role

Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^\s@]+@[^\s@]+$")]
PasswordText = Annotated[str, Meta(min_length=1, max_length=1024)]
Code = Annotated[str, Meta(min_length=6, max_length=32)]
Token = Annotated[str, Meta(min_length=1, max_length=100)]


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object: writes are JSON, so that no form can send them."""


class SignInRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The first step.

    Attributes:
        email: of the user.
        password: as typed.
        account_id: which account's user, where several accounts know the e-mail.
    """

    email: Annotated[str, Meta(min_length=1, max_length=254)]
    password: PasswordText
    account_id: Annotated[str, Meta(min_length=7, max_length=7)] | None = None


class SignInStep(Struct, frozen=True, omit_defaults=True):
    """How signing in goes on.

    Attributes:
        next: `signedIn`: the cookie is set; `totp`: the second factor is due; `signIn`: sign in
            with the new password.
        challenge: what the second step takes along, for five minutes.
    """

    next: Literal["signedIn", "totp", "signIn"]
    challenge: str | None = None


class CodeRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The second step.

    Attributes:
        challenge: of the first step.
        code: six digits of the authenticator app, or a recovery code.
    """

    challenge: Token
    code: Code


class SessionUser(Struct, frozen=True, rename="camel"):
    """Who is signed in.

    Attributes:
        email: of the user.
        role: what the user may do.
        has_totp: signing in takes a second factor.
        must_enrol_totp: the account asks for one and the user has none: nothing else works.
    """

    email: str
    role: Role
    has_totp: bool
    must_enrol_totp: bool


class SessionAnswer(Struct, frozen=True, rename="camel"):
    """What the page needs to know.

    Attributes:
        user: who is signed in.
        account_id: the account.
        account_name: for people.
        csrf_token: for the header `x-csrf-token` of writes.
        api_url: base of the API.
        cdn_url: base of file URLs.
        sandbox: how transformations are confined: `strict` or `weak`.
        version: of the server.
        is_reauthenticated: the password was given in the last 15 minutes.
    """

    user: SessionUser
    account_id: str
    account_name: str
    csrf_token: str
    api_url: str
    cdn_url: str
    sandbox: str
    version: str
    is_reauthenticated: bool


class BearerAnswer(Struct, frozen=True, rename="camel"):
    """A credential for the API and the CDN.

    Attributes:
        bearer: for `Authorization: Bearer`.
        expires_at: Unix milliseconds.
    """

    bearer: str
    expires_at: int


class ReauthenticateRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The password again.

    Attributes:
        password: of the user.
        code: of the second factor, where the user has one.
    """

    password: PasswordText
    code: Code | None = None


class PasswordRequest(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A new password.

    Attributes:
        current_password: the one so far.
        new_password: 12 to 256 characters.
    """

    current_password: PasswordText
    new_password: PasswordText


class TotpBegun(Struct, frozen=True, rename="camel"):
    """What an authenticator app has to learn.

    Attributes:
        secret: in Base32, for typing.
        uri: the same for links.
        qr_svg: the same as a picture.
    """

    secret: str
    uri: str
    qr_svg: str


class TotpConfirmRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Proof that the app has learnt it.

    Attributes:
        secret: as begun.
        code: the app's current one.
    """

    secret: Annotated[str, Meta(pattern="^[A-Z2-7]{32}$")]
    code: Code


class RecoveryCodes(Struct, frozen=True, rename="camel"):
    """Ways in without the app; each is good once, and they are shown once.

    Attributes:
        recovery_codes: ten.
    """

    recovery_codes: list[str]


class ListedSession(Struct, frozen=True, rename="camel"):
    """A signed-in browser of the user.

    Attributes:
        session_id: its name.
        created_at: signed in, in Unix milliseconds.
        last_seen_at: newest request, to the minute.
        client_ip: where it signed in from.
        user_agent: as it calls itself.
        is_current: it is the one that asks.
    """

    session_id: str
    created_at: int
    last_seen_at: int
    client_ip: str
    user_agent: str
    is_current: bool


class SessionList(Struct, frozen=True):
    """The user's sessions.

    Attributes:
        items: the newest first.
    """

    items: list[ListedSession]


class InvitationToken(Struct, frozen=True, forbid_unknown_fields=True):
    """The part of a link behind `#`.

    Attributes:
        token: as it stands there.
    """

    token: Token


class InvitationRead(Struct, frozen=True, rename="camel"):
    """What a link is for.

    Attributes:
        email: whose password it sets.
        role: what the user may do.
        account_name: of the account.
        purpose: `invitation` or `passwordReset`.
    """

    email: str
    role: Role
    account_name: str
    purpose: Literal["invitation", "passwordReset"]


class AcceptRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A password for a link.

    Attributes:
        token: of the link.
        password: 12 to 256 characters.
    """

    token: Token
    password: PasswordText
