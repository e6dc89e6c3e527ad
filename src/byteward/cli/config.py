"""`byteward config`: the effective settings and where each came from."""

from __future__ import annotations

from rich.console import Console

from byteward.cli.options import Common
from byteward.cli.terminal import print_result, table
from byteward.config import Config, settings


def config(*, common: Common = Common()) -> int:  # noqa: B008 - a frozen value
    """Print the effective settings and where each came from."""
    loaded = common.load()
    rows = [
        (setting.name, _text(value_of(loaded.config, setting.name)), loaded.origins[setting.name])
        for setting in settings()
    ]
    result = {name: {"value": value, "source": source} for name, value, source in rows}

    def human(console: Console) -> None:
        console.print(table(("setting", "value", "from"), rows))

    print_result({"settings": result}, as_json=common.json, human=human)
    return 0


def value_of(config: Config, name: str) -> object:
    """The value of a setting by its dotted name."""
    value: object = config
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "-"
    return str(value)
