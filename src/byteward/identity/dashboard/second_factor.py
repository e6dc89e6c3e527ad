"""The second factor: time-based one-time passwords (RFC 6238) and recovery codes.

Codes of six digits for 30 seconds, SHA-1 as every authenticator app knows it, one step of
tolerance to each side, each step good once. The secret is sealed at rest; recovery codes are 80
bits each, kept as SHA-256, good once.
"""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Callable
from typing import Final

import msgspec
import pyotp
import segno
from sqlalchemy import Connection, select, update

from byteward.accounts.model import User
from byteward.db.tables import users
from byteward.storage.sealing import Sealer
from byteward.strict_json import dumps

ISSUER: Final = "Byteward"
STEP_SECONDS: Final = 30
RECOVERY_CODES: Final = 10

_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)
_RECOVERY: Final = re.compile(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", re.ASCII)
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def new_secret() -> str:
    """160 bits in Base32, as RFC 4226 recommends."""
    return pyotp.random_base32(32)


def provisioning_uri(secret: str, email: str) -> str:
    """What an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def qr_svg(uri: str) -> str:
    """The same as a picture: one SVG element without script or style."""
    out = io.BytesIO()
    segno.make(uri, error="m").save(
        out,
        kind="svg",
        scale=4,
        border=4,
        light="#fff",
        dark="#000",
        xmldecl=False,
        svgclass=None,
        lineclass=None,
        omitsize=False,
    )
    return out.getvalue().decode()


def matching_step(secret: str, code: str, now: float) -> int | None:
    """The step, around `now` (Unix seconds), whose code this is (pure)."""
    if _CODE.fullmatch(code) is None:
        return None
    totp = pyotp.TOTP(secret)
    step = int(now) // STEP_SECONDS
    for candidate in (step, step - 1, step + 1):
        if secrets.compare_digest(totp.generate_otp(candidate).encode(), code.encode()):
            return candidate
    return None


def new_recovery_codes() -> list[str]:
    """Ten codes of 80 bits: 16 letters of Base32 in groups of four."""
    return [_new_recovery_code() for _ in range(RECOVERY_CODES)]


def _new_recovery_code() -> str:
    letters = "".join(secrets.choice(_BASE32) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))


class SecondFactors:
    """Second factors of users as they are stored.

    Args:
        sealer: seals secrets.
        digest: hashes recovery codes.
    """

    def __init__(self, sealer: Sealer, digest: Callable[[str], bytes]) -> None:
        self._sealer = sealer
        self._digest = digest

    def set(self, conn: Connection, user: User, secret: str, step: int, codes: list[str]) -> None:
        """Give the user a second factor; `step` is that of the code which confirmed it."""
        sealed = self._sealer.seal(secret.encode(), **_place(user))
        self._update(
            conn,
            user,
            sealed_totp_secret=sealed,
            totp_last_step=step,
            recovery_codes=dumps([self._digest(code).hex() for code in codes]).decode(),
        )

    def remove(self, conn: Connection, user: User) -> None:
        """Take it away."""
        self._update(conn, user, sealed_totp_secret=None, totp_last_step=None, recovery_codes=None)

    def use(self, conn: Connection, user: User, code: str, now: float) -> bool:
        """Whether the code is the user's; it is used up by that.

        INVARIANT: inside a write transaction, so that no code is good twice.
        """
        columns = users.c
        row = conn.execute(
            select(
                columns.sealed_totp_secret, columns.totp_last_step, columns.recovery_codes
            ).where(columns.user_id == user.user_id)
        ).first()
        if row is None or row[0] is None:
            return False
        text = code.strip().upper()
        if _RECOVERY.fullmatch(text):
            return self._use_recovery_code(conn, user, text, row[2])
        secret = self._sealer.unseal(row[0], **_place(user)).decode()
        step = matching_step(secret, text, now)
        if step is None or (row[1] is not None and step <= row[1]):
            return False
        self._update(conn, user, totp_last_step=step)
        return True

    def _use_recovery_code(
        self, conn: Connection, user: User, text: str, stored: str | None
    ) -> bool:
        left = msgspec.json.decode(stored or "[]", type=list[str])
        digest = self._digest(text).hex()
        if digest not in left:
            return False
        left.remove(digest)
        self._update(conn, user, recovery_codes=dumps(left).decode())
        return True

    def _update(self, conn: Connection, user: User, **values: object) -> None:
        conn.execute(update(users).where(users.c.user_id == user.user_id).values(**values))


def _place(user: User) -> dict[str, str]:
    return {"table": "users", "row": str(user.user_id), "column": "sealed_totp_secret"}
