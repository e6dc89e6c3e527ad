"""The outcome of authentication: who called, or why the credential was refused."""

from __future__ import annotations

from dataclasses import dataclass

from byteward.access.model import Principal
from byteward.accounts.model import ApiKey
from byteward.accounts.session_store import SignedIn
from byteward.errors import BytewardError
from byteward.identity.jwt import VerifiedJwt


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent the request.

    Attributes:
        principal: the input of permission decisions; its kind says which credential was presented.
        client_ip: address of the client, as the listener and its trusted proxies know it.
        key: the API key whose settings apply to the request (upload location, rate limit, tags):
            the presented one, the one that a lone JWT names by `apiKeyId`, or the one that signed
            the URL. Its permissions count only where `principal` says so.
        jwt: the presented JWT.
        signed_in: the dashboard user and its session.
    """

    principal: Principal
    client_ip: str
    key: ApiKey | None = None
    jwt: VerifiedJwt | None = None
    signed_in: SignedIn | None = None

    @property
    def bound_key_id(self) -> str | None:
        """The key that a JWT named by `apiKeyId` when it came alone: it has to stay enabled."""
        if self.principal.key is not None or self.key is None:
            return None
        return self.key.key_id


@dataclass(frozen=True, slots=True)
class Refusal:
    """A credential that is not accepted, on a plane where that may not matter.

    INVARIANT: public files stay public whoever asks, so the error is raised only after the public
    permissions have turned out not to serve the request. It never falls through to another
    credential.
    """

    error: BytewardError
