"""`byteward token sign`: JWTs and secure URLs signed with a local key, for trying things out.

A production backend signs its own JWTs; the server only verifies them.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from sqlalchemy import Connection

from byteward.access.actions import Action
from byteward.access.policy import PolicyError, parse_pattern_text, path_permissions_to_wire
from byteward.access.rules import Grant, PathPermission
from byteward.accounts import store
from byteward.accounts.model import ApiKey, JwtCertificate
from byteward.accounts.service import bump_epoch
from byteward.cli.options import Common
from byteward.cli.terminal import notice, print_result
from byteward.clock import now_ms, system_clock
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.encrypted_url import encrypt_url
from byteward.identity.issue import new_key_pair, sign_jwt
from byteward.identity.signed_url import sign_url as add_signature
from byteward.ids import new_api_key_id
from byteward.operations.backend import opened_backend

_READ: dict[Action, Grant] = {
    Action.DOWNLOAD_FILE: ("*",),
    Action.GET_FILE_DETAILS: True,
    Action.LIST_FOLDER_CHILDREN: True,
}
_WRITE: dict[Action, Grant] = {
    Action.CREATE_FILE: True,
    Action.OVERWRITE_FILE: True,
    Action.DELETE_FILE: True,
}


def sign_jwt_token(
    *,
    key: Path,
    sub: str,
    account: str,
    read: Annotated[list[str] | None, Parameter(negative=())] = None,
    write: Annotated[list[str] | None, Parameter(negative=())] = None,
    origin: Annotated[list[str] | None, Parameter(negative=())] = None,
    ttl: int = 3600,
    create: Annotated[bool, Parameter(negative=())] = False,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Print a JWT.

    Parameters
    ----------
    key
        RSA private key, a PEM file.
    sub
        The user that the token speaks for.
    account
        Account id.
    read
        Path pattern that may be downloaded and listed, such as `/users/u1/*`; may be repeated.
    write
        Path pattern that may be uploaded to, overwritten and deleted; may be repeated.
    origin
        Web origin that may use the token; any when not given; may be repeated.
    ttl
        Seconds that the token is valid.
    create
        Make the key when the file does not exist, and register its public half with the account.
    """
    if create and not key.exists():
        _create_key(key, account, common)
    now = int(system_clock())
    claims: dict[str, object] = {
        "sub": sub,
        "accountId": account,
        "iat": now,
        "exp": now + ttl,
        "access": {"pathPermissions": _path_permissions(read or [], write or [])},
    }
    if origin:
        claims["allowedOrigins"] = origin
    try:
        token = sign_jwt(claims, key.read_bytes())
    except OSError as error:
        raise _wrong(f"{key}: {error.strerror}: name a PEM file, or add --create") from None
    print_result(
        {"token": token, "claims": claims},
        as_json=common.json,
        human=lambda console: console.print(token, markup=False),
    )
    return 0


def sign_url_token(
    url: str,
    *,
    api_key: str,
    ttl: int | None = 3600,
    forever: Annotated[bool, Parameter(negative=())] = False,
    encrypt: Annotated[bool, Parameter(negative=())] = False,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Print a signed or encrypted URL that carries the rights of an API key.

    Parameters
    ----------
    url
        Absolute file URL with all its other parameters.
    api_key
        Id of the API key, eight characters.
    ttl
        Seconds that the URL is valid.
    forever
        Let it never expire.
    encrypt
        Hide the query instead of signing it.
    """
    exp = "inf" if forever or ttl is None else str(int(system_clock()) + ttl)
    found = asyncio.run(_find_key(api_key, common))
    make = encrypt_url if encrypt else add_signature
    signed = make(url, key_id=found.key_id, key=found.secure_url_key, exp=exp)
    print_result(
        {"url": signed, "exp": exp},
        as_json=common.json,
        human=lambda console: console.print(signed, markup=False),
    )
    return 0


def _path_permissions(read: list[str], write: list[str]) -> list[dict[str, object]]:
    grants: dict[str, dict[Action, Grant]] = {}
    for patterns, allowed in ((read, _READ), (write, _WRITE)):
        for text in patterns:
            grants.setdefault(text, {}).update(allowed)
    try:
        entries = [
            PathPermission(parse_pattern_text(text, where=f"`{text}`"), allowed, index)
            for index, (text, allowed) in enumerate(grants.items())
        ]
    except PolicyError as error:
        raise _wrong(str(error)) from None
    return path_permissions_to_wire(entries)


def _create_key(path: Path, account: str, common: Common) -> None:
    pair = new_key_pair()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(pair.private_pem)
    certificate_id = new_api_key_id()

    async def register() -> None:
        async with opened_backend(common.load().config) as backend:
            created_at = now_ms(backend.clock)

            def work(conn: Connection) -> None:
                if store.read_account(conn, account) is None:
                    raise BytewardError(
                        ErrorCode.ACCOUNT_NOT_FOUND, f"there is no account `{account}`"
                    )
                certificate = JwtCertificate(
                    certificate_id, account, path.name, True, pair.public_pem, created_at
                )
                store.insert_certificate(conn, certificate)
                bump_epoch(conn, account)

            await backend.database.write(work)

    try:
        asyncio.run(register())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    notice(f"made {path} and registered it as JWT certificate {certificate_id}", style="dim")


async def _find_key(key_id: str, common: Common) -> ApiKey:
    async with opened_backend(common.load().config) as backend:

        def work(conn: Connection) -> ApiKey | None:
            found = (
                backend.keys.by_id(conn, account_id, key_id)
                for account_id in store.list_account_ids(conn)
            )
            return next((key for key in found if key is not None), None)

        key = await backend.database.read(work)
    if key is None:
        raise _wrong(f"there is no API key with the id `{key_id}`; `byteward export` lists them")
    return key


def _wrong(message: str) -> BytewardError:
    return BytewardError(ErrorCode.INVALID_PARAMETER, message)
