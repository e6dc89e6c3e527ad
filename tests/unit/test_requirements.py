"""The pins in requirements/ belong to pyproject.toml and hold no addresses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^ ;\\]+)", re.MULTILINE)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return {canonicalize_name(match[1]): match[2] for match in PIN.finditer(text)}


def declared(name: str) -> list[str]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime: list[str] = document["project"]["dependencies"]
    groups: dict[str, list[str]] = document["dependency-groups"]
    return {
        "bootstrap": [*groups["bootstrap"], *document["build-system"]["requires"]],
        "runtime": runtime,
        "dev": runtime + groups["dev"],
    }[name]


@pytest.mark.parametrize("name", ["bootstrap", "runtime", "dev"])
def test_every_declared_dependency_is_pinned_within_its_range(name: str) -> None:
    pinned = pins(name)
    for text in declared(name):
        requirement = Requirement(text)
        version = pinned[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{text}: {version} (run `make lock`)"


def test_development_runs_on_the_versions_that_operators_get() -> None:
    runtime, dev = pins("runtime"), pins("dev")
    assert {name: dev.get(name) for name in runtime} == runtime


@pytest.mark.parametrize("name", ["bootstrap", "runtime", "dev"])
def test_pins_are_hashed_and_name_no_address(name: str) -> None:
    for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
        assert re.match(r"[a-z0-9-]+==\S+( ;.*)? \\$|    --hash=sha256:[0-9a-f]{64}( \\)?$", line)
