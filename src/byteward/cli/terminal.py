"""What commands write: results on standard output, everything else on standard error.

With `--json` a command prints exactly one JSON value and nothing else on standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence

import msgspec
from rich.console import Console
from rich.table import Table


def print_json(value: object) -> None:
    """Write one JSON value, indented, and a line break to standard output."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")
    sys.stdout.buffer.flush()


def print_result(value: object, *, as_json: bool, human: Callable[[Console], None]) -> None:
    """Write a command's result in the form the caller asked for."""
    if as_json:
        print_json(value)
    else:
        human(Console(highlight=False, soft_wrap=True))


def print_error(message: str, *, hint: str | None = None) -> None:
    """Write a failure, and what to do about it, to standard error."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("error:", style="bold red", end=" ")
    console.print(message, markup=False)
    if hint:
        console.print(f"  {hint}", style="dim", markup=False)


def notice(message: str, *, style: str = "") -> None:
    """Write a line for people to standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, style=style, markup=False)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table for people; cells are text, never markup."""
    result = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        result.add_column(heading, overflow="fold")
    for row in rows:
        result.add_row(*(_as_text(cell) for cell in row))
    return result


def _as_text(cell: str) -> str:
    # Square brackets are rich's markup; stored names are data.
    return cell.replace("[", "\\[")
