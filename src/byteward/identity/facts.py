"""What authentication needs to know about accounts, keys and certificates.

Implemented by `permissions/facts.py`, which caches; described here because this package comes
first in the import order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from byteward.accounts.model import Account, ApiKey, JwtCertificate
from byteward.accounts.session_store import SignedIn


class IdentityFacts(Protocol):
    """Reads of stored facts, never older than the promise on revocation allows."""

    async def account(self, account_id: str) -> Account | None:
        """The account, or None if there is none; any text may be asked for."""

    async def key_by_text(self, account_id: str, text: str) -> ApiKey | None:
        """The account's key with exactly this text, whether usable or not."""

    async def key_by_id(self, account_id: str, key_id: str) -> ApiKey | None:
        """The account's key with this id, whether usable or not."""

    async def signed_in(self, account_id: str, session_id: str) -> SignedIn | None:
        """The account's dashboard session of this name, with its user."""

    async def certificates(self, account_id: str) -> Sequence[JwtCertificate]:
        """The account's certificates in a stable order; disabled ones may be among them."""
