"""Signed, encrypted and expiring URLs, from the raw target to a caller and the pairs to serve.

The grant of a secure URL is that of the API key that signed it, at request time. `requireJwt` and
allowed origins do not apply: whoever made the URL held the key's secure URL key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from byteward.access.model import Principal, PrincipalKind
from byteward.accounts.model import ApiKey
from byteward.clock import Clock, system_clock
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.caller import Caller
from byteward.identity.encrypted_url import KEY_BYTES, decrypt, parse_ciphertext
from byteward.identity.facts import IdentityFacts
from byteward.identity.signed_url import invalid_signature, parse_signature, signature_holds
from byteward.identity.url_expiry import UrlExpiry, check_expiry, check_lifetime, read_expiry
from byteward.identity.url_target import RawPair, UrlTarget

_NO_KEY: Final = bytes(KEY_BYTES)
_NAMES: Final = frozenset({"exp", "sig", "enc"})


@dataclass(frozen=True, slots=True)
class OpenedUrl:
    """A target whose `exp`, `sig` and `enc` have been dealt with.

    Attributes:
        caller: the signing key's authority; None without `sig` and `enc`, where headers and
            cookies are to be looked at.
        target: what to serve: of an encrypted URL the path with the decrypted pairs.
        expiry: the URL's `exp`; None without one.
    """

    caller: Caller | None
    target: UrlTarget
    expiry: UrlExpiry | None


class SecureUrls:
    """Opens delivery URLs.

    Args:
        facts: API keys.
        clock: Unix seconds.
        public_hosts: hosts, with a port if it is not the default one, of the URLs by which clients
            reach this server's files; lower case.
        max_ttl_seconds: cap on how far ahead `exp` of a secure URL lies, or None.
        allow_unbound: accept encrypted URLs that are bound neither to host nor path.
    """

    def __init__(
        self,
        facts: IdentityFacts,
        clock: Clock = system_clock,
        *,
        public_hosts: Sequence[str] = (),
        max_ttl_seconds: int | None = None,
        allow_unbound: bool = False,
    ) -> None:
        self._facts = facts
        self._clock = clock
        self._public_hosts = tuple(public_hosts)
        self._max_ttl_seconds = max_ttl_seconds
        self._allow_unbound = allow_unbound

    async def open(
        self, account_id: str, target: UrlTarget, host: str, client_ip: str
    ) -> OpenedUrl:
        """Judge `exp`, `sig` and `enc` of a GET or HEAD; other methods must not come here.

        Args:
            account_id: the account in the URL.
            target: the raw target.
            host: the `Host` header, or what a trusted proxy says it was.
            client_ip: for the caller.

        Raises:
            BytewardError: 403 `url_expired`, `url_signature_invalid`, `exp_too_far`, also where
                the file is public; 400 `invalid_parameter`.
        """
        found = _authority_pairs(target)
        if not found:
            return OpenedUrl(None, target, None)
        hosts = tuple(dict.fromkeys((host.lower(), *self._public_hosts)))
        if "enc" in found:
            return await self._open_encrypted(account_id, target, found["enc"], hosts, client_ip)
        if "sig" not in found:
            return OpenedUrl(None, target, self._expiry(found["exp"]))
        expiry = self._secure_expiry(found.get("exp", []))
        key = await self._signer(account_id, target, found["sig"], hosts)
        check_lifetime(expiry, self._clock(), self._max_ttl_seconds)
        return OpenedUrl(_caller(account_id, key, expiry, client_ip), target, expiry)

    async def _signer(
        self, account_id: str, target: UrlTarget, pairs: Sequence[RawPair], hosts: Sequence[str]
    ) -> ApiKey:
        signature = parse_signature(pairs[0]) if len(pairs) == 1 else None
        if signature is None:
            raise invalid_signature()
        key = await self._usable_key(account_id, signature.key_id)
        # SECURITY: an unknown key costs the same computation as a known one.
        secret = _NO_KEY if key is None else key.secure_url_key
        holds = signature_holds(target, pairs[0], signature.mac, secret, hosts)
        if key is None or not holds:
            raise invalid_signature()
        return key

    async def _open_encrypted(
        self,
        account_id: str,
        target: UrlTarget,
        pairs: Sequence[RawPair],
        hosts: Sequence[str],
        client_ip: str,
    ) -> OpenedUrl:
        if any(pair.name != "enc" for pair in target.pairs()):
            raise BytewardError(
                ErrorCode.INVALID_PARAMETER,
                "invalid `enc`: an encrypted URL takes no other parameter in clear",
                details={"parameter": "enc", "reason": "another parameter stands beside it"},
            )
        sealed = parse_ciphertext(pairs[0]) if len(pairs) == 1 else None
        if sealed is None:
            raise invalid_signature()
        key = await self._usable_key(account_id, sealed.key_id)
        opened = decrypt(
            sealed,
            target.path,
            key=_NO_KEY if key is None else key.secure_url_key,
            hosts=hosts,
            allow_unbound=self._allow_unbound,
        )
        if key is None or opened is None:
            raise invalid_signature()
        inside = _authority_pairs(opened)
        if "sig" in inside or "enc" in inside:
            raise invalid_signature()
        expiry = self._secure_expiry(inside.get("exp", []))
        check_lifetime(expiry, self._clock(), self._max_ttl_seconds)
        return OpenedUrl(_caller(account_id, key, expiry, client_ip), opened, expiry)

    def _secure_expiry(self, pairs: Sequence[RawPair]) -> UrlExpiry:
        """The one `exp` that a secure URL must have."""
        if len(pairs) != 1:
            raise invalid_signature()
        return self._expiry(pairs)

    def _expiry(self, pairs: Sequence[RawPair]) -> UrlExpiry:
        expiry = read_expiry(pairs)
        check_expiry(expiry, self._clock())
        return expiry

    async def _usable_key(self, account_id: str, key_id: str) -> ApiKey | None:
        key = await self._facts.key_by_id(account_id, key_id)
        return key if key is not None and key.is_usable(self._clock()) else None


def _authority_pairs(target: UrlTarget) -> dict[str, list[RawPair]]:
    found: dict[str, list[RawPair]] = {}
    for pair in target.pairs():
        name = pair.name
        if name in _NAMES:
            found.setdefault(name, []).append(pair)
    return found


def _caller(account_id: str, key: ApiKey, expiry: UrlExpiry, client_ip: str) -> Caller:
    ends = [end for end in (expiry.expires_at, key.expires_at) if end is not None]
    principal = Principal(
        PrincipalKind.SECURE_URL, account_id, key.access, expires_at=min(ends, default=None)
    )
    return Caller(principal, client_ip, key)
