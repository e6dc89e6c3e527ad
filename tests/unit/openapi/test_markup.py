"""Text as HTML: nothing that stands in a document becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from byteward.openapi.markup import json_block, member, prose, sentence
from byteward.openapi.page import render_page
from byteward.openapi.schemas import Schema


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


def one_newline(text: str) -> str:
    """As HTML reads ends of lines."""
    return text.replace("\r\n", "\n")


@given(st.text())
def test_text_stays_text(text: str) -> None:
    found = read(prose(text))
    assert found.tags <= {"code"}
    assert one_newline(found.text).replace("`", "") == one_newline(text).replace("`", "")


@given(st.text())
def test_names_limits_and_values_stay_text(text: str) -> None:
    schema = {"enum": [text], "pattern": text, "default": text}
    shown = member(text, schema, is_required=True, text=text, where=text)
    assert read(shown).tags <= {"dt", "dd", "code", "span"}
    assert read(json_block(text, {text: text})).tags <= {"figure", "figcaption", "pre", "code"}


def test_sentences_end() -> None:
    assert sentence("an end") == "an end."
    assert sentence("an end.") == "an end."


def test_a_page_of_hostile_texts_has_no_element_of_theirs() -> None:
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    operation: Schema = {
        "operationId": "Op",
        "tags": ["T"],
        "summary": hostile,
        "description": hostile,
        "security": [{}],
        "parameters": [
            {"name": hostile, "in": "query", "required": False, "schema": {"type": hostile}}
        ],
        "responses": {"200": {"description": hostile}},
        "x-codeSamples": [{"label": hostile, "source": hostile}],
    }
    document: Schema = {
        "info": {"title": hostile, "version": hostile, "description": hostile},
        "servers": [{"url": hostile}],
        "tags": [{"name": "T", "description": hostile}],
        "paths": {hostile: {"get": operation}},
        "components": {"schemas": {}, "examples": {}, "securitySchemes": {}},
    }
    page = render_page(document, assets="/docs", json_path="/openapi.json")
    assert "img" not in read(page).tags
    assert page.count("<script") == 1
