"""`byteward migrate`: bring the database to the current schema."""

from __future__ import annotations

from byteward.cli.options import Common
from byteward.cli.terminal import notice, print_result
from byteward.db.migrate import current_revision, upgrade
from byteward.storage.data_folder import open_data_folder
from byteward.storage.lock import DataFolderLock


def migrate(*, common: Common = Common()) -> int:  # noqa: B008 - a frozen value
    """Bring the database to the current schema. The server must not be running."""
    folder = open_data_folder(common.load().config.data)
    with DataFolderLock(folder):
        before = current_revision(folder.database_path)
        upgrade(folder.database_path, notice)
        after = current_revision(folder.database_path)
    message = "the schema was current" if before == after else f"the schema is now {after}"
    print_result(
        {"before": before, "after": after, "changed": before != after},
        as_json=common.json,
        human=lambda console: console.print(message, markup=False),
    )
    return 0
