"""Options that every command takes, and how they become settings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from byteward.config import LoadedConfig, load_config

CONFIG_FILE: Final = "byteward.toml"


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Common:
    """The options of every command."""

    data: Annotated[Path | None, Parameter(help="Data folder [BYTEWARD_DATA].")] = None
    json: Annotated[bool, Parameter(negative=(), help="Print JSON for scripts.")] = False

    def load(self, flags: Mapping[str, object] | None = None) -> LoadedConfig:
        """Read the settings: these options, the environment and `byteward.toml`, if it is there.

        Raises:
            ConfigError: with every problem that was found.
        """
        toml_path = Path(CONFIG_FILE)
        return load_config(
            flags={"data": self.data, **(flags or {})},
            environ=os.environ,
            toml_path=toml_path if toml_path.exists() else None,
        )
