"""A caller as the audit log names it (pure)."""

from __future__ import annotations

from byteward.accounts.audit import Actor, ActorKind
from byteward.identity.caller import Caller


def actor_of(caller: Caller) -> Actor:
    """The caller's name and kind; nothing that could be presented as a credential."""
    principal, ip = caller.principal, caller.client_ip
    if principal.user is not None:
        return Actor(principal.user.email, ActorKind.USER, ip)
    if principal.key is not None:
        return Actor(principal.key.key_id, ActorKind.API_KEY, ip)
    if principal.token is not None:
        return Actor(principal.token.subject, ActorKind.JWT, ip)
    return Actor("anonymous", ActorKind.ANONYMOUS, ip)
