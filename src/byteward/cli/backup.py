"""`byteward backup`: a consistent copy of the installation, also while it serves."""

from __future__ import annotations

from pathlib import Path

from byteward.cli.options import Common
from byteward.cli.progress import progress_bar
from byteward.cli.terminal import print_result
from byteward.operations.backup import back_up


def backup(destination: Path, *, common: Common = Common()) -> int:  # noqa: B008 - a frozen value
    """Copy the installation into a new folder, which `serve --data` can be started with.

    Parameters
    ----------
    destination
        Folder that does not exist yet.
    """
    with progress_bar("copying files") as progress:
        count = back_up(common.load().config, destination, progress)
    print_result(
        {"destination": str(destination.absolute()), "files": count},
        as_json=common.json,
        human=lambda console: console.print(f"{count} files in {destination}", markup=False),
    )
    return 0
