"""The code printed in the how-to makes the signatures printed beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from byteward.identity.signed_url import sign

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "sign-urls.md"
TEXT = PAGE.read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(https://[^`]+)` \| `(1\.[^`]+)` \|$", TEXT, re.MULTILINE)
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_the_page_has_examples() -> None:
    assert len(ROWS) == 2
    assert KEY in TEXT


@pytest.mark.parametrize(("url", "sig"), ROWS)
def test_printed_code_and_product_make_the_printed_signature(url: str, sig: str) -> None:
    code = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert code is not None
    names: dict[str, object] = {}
    exec(code[1], names)  # noqa: S102 - our own page
    made = names["sign_url"]
    assert callable(made)
    assert made(url, "F91kfA1g", KEY) == f"{url}&sig={sig}"
    assert sign(url.removeprefix("https://"), key_id="F91kfA1g", key=bytes(range(32))) == sig
