"""`byteward export`: the account document of what is stored."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from byteward.cli.options import Common
from byteward.cli.terminal import print_result
from byteward.configuration.export import Wire, document_to_yaml
from byteward.configuration.service import export_document
from byteward.operations.backend import opened_backend


def export(
    *,
    account: str | None = None,
    with_secrets: Annotated[bool, Parameter(negative=())] = False,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Print the account document of what is stored; `apply` of it changes nothing.

    Parameters
    ----------
    account
        Only this account.
    with_secrets
        Also print secure URL keys and public key texts. Secret keys are stored as hashes only.
    """

    async def run() -> Wire:
        async with opened_backend(common.load().config) as backend:
            return await export_document(
                backend.database, backend.keys, account_id=account, with_secrets=with_secrets
            )

    document = asyncio.run(run())
    print_result(
        document,
        as_json=common.json,
        human=lambda console: console.print(document_to_yaml(document), markup=False, end=""),
    )
    return 0
