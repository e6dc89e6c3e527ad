"""`byteward user`: dashboard users and their passwords."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Callable
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from sqlalchemy import Connection

from byteward.access.roles import Role
from byteward.accounts import store
from byteward.accounts.model import User
from byteward.accounts.service import create_user, set_password
from byteward.cli.options import Common
from byteward.cli.terminal import notice, print_result, table
from byteward.clock import now_ms
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.passwords import check_password, hash_password
from byteward.operations.backend import opened_backend

Account = Annotated[str | None, Parameter(help="Account id; not needed when there is only one.")]
PasswordStdin = Annotated[
    bool, Parameter(negative=(), help="Read the password from standard input.")
]


def add_user(
    email: str,
    *,
    role: Literal["owner", "admin", "member", "viewer"],
    account: Account = None,
    password_stdin: PasswordStdin = False,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Add a dashboard user and print the password, once, when it was generated.

    Parameters
    ----------
    email
        E-mail address, unique in the account.
    role
        What the user may do.
    """
    given = _read_password() if password_stdin else None
    password = given or secrets.token_urlsafe(18)
    password_hash = hash_password(password)

    def work(conn: Connection, created_at: int) -> None:
        account_id = _account_id(conn, account)
        if store.user_by_email(conn, account_id, email) is not None:
            raise _wrong(f"there is a user `{email}` already")
        create_user(
            conn,
            account_id,
            email,
            Role(role),
            password_hash=password_hash,
            created_at=created_at,
        )

    _write(common, work)
    _print_password(email, None if given else password, common)
    return 0


def passwd_user(
    email: str,
    *,
    account: Account = None,
    password_stdin: PasswordStdin = False,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Give a dashboard user a new password and print it, once, when it was generated.

    Parameters
    ----------
    email
        E-mail address of the user.
    """
    given = _read_password() if password_stdin else None
    password = given or secrets.token_urlsafe(18)
    password_hash = hash_password(password)

    def work(conn: Connection, _now_ms: int) -> None:
        user = store.user_by_email(conn, _account_id(conn, account), email)
        if user is None:
            raise _wrong(f"there is no user `{email}`")
        set_password(conn, user, password_hash)

    _write(common, work)
    _print_password(email, None if given else password, common)
    return 0


def list_user(
    *,
    account: Account = None,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """List dashboard users."""

    async def read() -> tuple[User, ...]:
        async with opened_backend(common.load().config) as backend:
            return await backend.database.read(
                lambda conn: store.list_users(conn, _account_id(conn, account))
            )

    users = asyncio.run(read())
    rows = [(user.email, user.role.value) for user in users]
    print_result(
        {"users": [{"email": email, "role": role} for email, role in rows]},
        as_json=common.json,
        human=lambda console: console.print(table(("email", "role"), rows)),
    )
    return 0


def _write(common: Common, work: Callable[[Connection, int], None]) -> None:
    async def run() -> None:
        async with opened_backend(common.load().config) as backend:
            now = now_ms(backend.clock)
            await backend.database.write(lambda conn: work(conn, now))

    asyncio.run(run())


def _account_id(conn: Connection, wanted: str | None) -> str:
    known = store.list_account_ids(conn)
    if wanted is not None and wanted not in known:
        raise BytewardError(ErrorCode.ACCOUNT_NOT_FOUND, f"there is no account `{wanted}`")
    if wanted is None and len(known) != 1:
        raise _wrong(f"there are {len(known)} accounts: name one with `--account`")
    return known[0] if wanted is None else wanted


def _read_password() -> str:
    password = sys.stdin.readline().rstrip("\n")
    check_password(password)
    return password


def _print_password(email: str, generated: str | None, common: Common) -> None:
    def human(console: Console) -> None:
        console.print(f"  user       {email}", markup=False)
        if generated is not None:
            console.print(f"  password   {generated}", markup=False)
            notice("Keep the password: it is not shown again.", style="yellow")

    print_result({"email": email, "password": generated}, as_json=common.json, human=human)


def _wrong(message: str) -> BytewardError:
    return BytewardError(ErrorCode.INVALID_REQUEST, message)
