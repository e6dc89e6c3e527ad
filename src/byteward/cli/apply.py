"""`byteward apply`: make the stored configuration equal to account documents."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from byteward.cli.options import Common
from byteward.cli.terminal import notice, print_result
from byteward.configuration.apply import Applied, apply_document, read_document
from byteward.configuration.diff import Change, ChangeKind
from byteward.errors import OperatorError
from byteward.operations.backend import opened_backend

_SIGNS = {ChangeKind.ADD: "+", ChangeKind.UPDATE: "~", ChangeKind.DELETE: "-"}


def apply(
    *files: Path,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    prune: Annotated[bool, Parameter(negative=())] = False,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Make the stored configuration equal to an account document; all or nothing.

    Parameters
    ----------
    files
        JSON or YAML documents, applied in order; `-` is standard input.
    dry_run
        Print what would change and change nothing.
    prune
        Also delete what the document's lists lack.
    """
    if not files:
        raise OperatorError("name a document, or `-` for standard input")
    documents = [read_document(_read(path)) for path in files]

    async def run() -> list[Applied]:
        async with opened_backend(common.load().config) as backend:
            return [
                await apply_document(
                    backend.database,
                    backend.keys,
                    document,
                    clock=backend.clock,
                    prune=prune,
                    dry_run=dry_run,
                )
                for document in documents
            ]

    results = asyncio.run(run())
    for warning in (warning for result in results for warning in result.warnings):
        notice(f"warning: {warning}", style="yellow")
    print_result(_to_json(results), as_json=common.json, human=lambda to: _show(to, results))
    return 0


def _read(path: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return data.decode("utf-8")
    except OSError as error:
        raise OperatorError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(f"{path}: is not UTF-8") from None


def _to_json(results: list[Applied]) -> dict[str, object]:
    return {
        "changed": any(result.changes for result in results),
        "dryRun": any(result.is_dry_run for result in results),
        "changes": [_change_to_json(change) for result in results for change in result.changes],
        "generatedKeys": [
            {"id": key.key_id, "name": key.name, "key": key.text}
            for result in results
            for key in result.generated
        ],
    }


def _change_to_json(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind.value,
        "what": change.what,
        "accountId": change.account_id,
        "name": change.name,
        "fields": [
            {"name": field.name, "before": field.before, "after": field.after}
            for field in change.fields
        ],
    }


def _show(console: Console, results: list[Applied]) -> None:
    changes = [change for result in results for change in result.changes]
    if not changes:
        console.print("nothing to change")
    for change in changes:
        line = f"{_SIGNS[change.kind]} {change.what} {change.name} ({change.account_id})"
        if change.kind is ChangeKind.UPDATE:
            line += ": " + ", ".join(field.name for field in change.fields)
        console.print(line, markup=False)
    for result in results:
        for key in result.generated:
            console.print(f"  key of {key.name} ({key.key_id}): {key.text}", markup=False)
        if result.is_dry_run and result.changes:
            notice("nothing was stored: this was a dry run", style="yellow")
