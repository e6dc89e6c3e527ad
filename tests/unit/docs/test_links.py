"""What the documents promise exists: links lead somewhere, examples apply, codes are documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from byteward.configuration.apply import read_document

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_example_of_the_account_document_can_be_read() -> None:
    text = (ROOT / "docs/reference/account-document.md").read_text("utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert read_document(example).document.accounts[0].account_id == "A623uY2"


def test_the_folder_list_of_the_readme_is_the_folder_list() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    table = text[text.index("| folder of `src/byteward`") : text.index("## Limits")]
    named = set(re.findall(r"`(\w+)`", table)) - {"byteward"}
    packages = {path.parent.name for path in (ROOT / "src/byteward").glob("*/__init__.py")}
    assert packages - named == set()
