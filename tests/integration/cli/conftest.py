"""A data folder for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.cli.commands import Commands


@pytest.fixture
def byteward(tmp_path: Path) -> Commands:
    """Commands on a data folder that does not exist yet."""
    return Commands(tmp_path / "data")
