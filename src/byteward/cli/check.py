"""`byteward check`: compare metadata with stored bytes."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from byteward.cli.options import Common
from byteward.cli.progress import progress_bar
from byteward.cli.terminal import print_result
from byteward.operations.backend import opened_backend
from byteward.operations.check import CheckReport, check_installation


def check(
    *,
    repair: Annotated[bool, Parameter(negative=())] = False,
    scrub: Annotated[bool, Parameter(negative=())] = False,
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Compare metadata with stored bytes. Exit code 1 when a problem remains.

    Parameters
    ----------
    repair
        Remove bytes that nothing refers to, mark missing and corrupt objects, correct totals.
    scrub
        Read every byte and compare it with its digest.
    """

    async def run() -> CheckReport:
        async with opened_backend(common.load().config) as backend:
            with progress_bar("checking objects") as progress:
                return await check_installation(
                    backend, repairs=repair, scrubs=scrub, progress=progress
                )

    report = asyncio.run(run())
    print_result(_to_json(report), as_json=common.json, human=lambda to: _show(to, report))
    return 1 if report.remaining else 0


def _to_json(report: CheckReport) -> dict[str, object]:
    return {
        "objects": report.objects,
        "scrubbed": report.is_scrubbed,
        "database": report.database,
        "missing": report.missing,
        "corrupt": report.corrupt,
        "orphans": report.orphans,
        "missingParts": report.missing_parts,
        "miscounted": report.miscounted,
        "repaired": report.repaired,
        "remaining": report.remaining,
    }


def _show(console: Console, report: CheckReport) -> None:
    how = "read" if report.is_scrubbed else "looked at"
    console.print(f"{report.objects} objects {how}, {report.remaining} problems remain")
    found = (
        ("database", report.database),
        ("missing object", report.missing),
        ("corrupt object", report.corrupt),
        ("orphan", report.orphans),
        ("missing part", report.missing_parts),
        ("wrong totals of account", report.miscounted),
    )
    for name, problems in found:
        for problem in problems:
            console.print(f"  {name}: {problem}", markup=False)
    if report.repaired:
        console.print(f"  {report.repaired} problems repaired")
