"""How long sign-ins last (pure). All in milliseconds."""

from __future__ import annotations

from typing import Final

from byteward.accounts.session_store import DashboardSession, SignedIn

IDLE_MS: Final = 12 * 3600 * 1000
ABSOLUTE_MS: Final = 7 * 24 * 3600 * 1000
REAUTHENTICATION_MS: Final = 15 * 60 * 1000
TOUCH_MS: Final = 60 * 1000
CHALLENGE_MS: Final = 5 * 60 * 1000
INVITATION_MS: Final = 7 * 24 * 3600 * 1000
RESET_MS: Final = 3600 * 1000


def is_alive(signed_in: SignedIn, now_ms: int) -> bool:
    """Whether the session is neither idle nor old, and its user may sign in."""
    session = signed_in.session
    return (
        signed_in.user.disabled_at is None
        and now_ms < session.last_seen_at + IDLE_MS
        and now_ms < session.created_at + ABSOLUTE_MS
    )


def is_fresh(session: DashboardSession, now_ms: int) -> bool:
    """Whether the password was given so lately that sensitive operations may go on."""
    return now_ms < session.authenticated_at + REAUTHENTICATION_MS
