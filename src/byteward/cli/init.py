"""`byteward init`: the data folder, the database, one account and its first credentials."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from byteward.cli.options import Common
from byteward.cli.terminal import notice, print_result
from byteward.config import Config
from byteward.identity.passwords import hash_password
from byteward.operations.backend import opened_backend
from byteward.operations.initialise import Credentials, initialise
from byteward.operations.public_urls import PublicUrls, public_urls


def init(
    *,
    api: Annotated[str | None, Parameter(help="Listener of the API [BYTEWARD_API].")] = None,
    cdn: Annotated[str | None, Parameter(help="Listener of the CDN [BYTEWARD_CDN].")] = None,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Create the data folder, one account, two API keys and an owner.

    Run again it changes nothing and prints what is not a secret.
    """
    config = common.load({"api": api, "cdn": cdn}).config
    credentials = asyncio.run(initialise_installation(config, migrates=True))
    urls = public_urls(config)
    print_result(
        credentials_to_json(credentials, urls),
        as_json=common.json,
        human=lambda console: show_credentials(console, credentials, urls),
    )
    return 0


async def initialise_installation(config: Config, *, migrates: bool) -> Credentials:
    """Open the data folder and make the first account, unless there is one.

    Args:
        config: names the data folder.
        migrates: bring the database to the current schema first.
    """
    async with opened_backend(config, migrates=migrates) as backend:
        return await initialise(backend.database, backend.keys, hash_password, backend.clock)


def credentials_to_json(credentials: Credentials, urls: PublicUrls) -> dict[str, object]:
    """The command's JSON; what is stored only as a hash is null."""
    return {
        "accountId": credentials.account_id,
        "secretApiKey": credentials.secret_key,
        "publicApiKey": credentials.public_key,
        "apiUrl": urls.api,
        "cdnUrl": urls.cdn,
        "dashboardUrl": f"{urls.api}/dashboard",
        "owner": {"email": credentials.owner_email, "password": credentials.owner_password},
    }


def show_credentials(console: Console, credentials: Credentials, urls: PublicUrls) -> None:
    """The same for people."""
    rows = [
        ("account", credentials.account_id),
        ("secret key", credentials.secret_key or "(shown once, when it was made)"),
        ("public key", credentials.public_key or "(none)"),
        ("API", urls.api),
        ("files", urls.cdn),
        ("owner", credentials.owner_email or "(none)"),
        ("password", credentials.owner_password or "(shown once, when it was made)"),
    ]
    for name, value in rows:
        console.print(f"  {name:<11}{value}", markup=False)
    if credentials.is_new:
        notice("Keep the secret key and the password: they are not shown again.", style="yellow")
