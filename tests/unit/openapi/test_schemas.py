"""Structs as JSON Schema and examples as JSON."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from msgspec import UNSET, Meta, Struct, UnsetType

from byteward.openapi.schemas import Schemas, example_of, schemas_of


class Inner(Struct, frozen=True, rename="camel"):
    """A part.

    Attributes:
        some_name: the name, which goes on
            in a second line.
    """

    some_name: str
    some_count: int = 3


class Asked(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What is asked."""

    needed: Annotated[str, Meta(min_length=1, pattern="^a")]
    flag: bool = False
    inner: Inner | None = None
    kind: str | UnsetType = UNSET
    many: list[Inner] = []
    anything: Any = None  # Any: of the test


class Left(Struct, frozen=True, tag_field="type", tag="Left"):
    """One."""

    value: int


class Right(Struct, frozen=True, tag_field="type", tag="Right"):
    """Another."""

    value: str = "x"


class Answer(Struct, frozen=True, rename="camel"):
    """What is answered."""

    items: list[Left | Right]
    details: dict[str, object]
    maybe: str | None


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return schemas_of([Asked, Answer])


def test_every_object_is_closed_unless_it_is_open(schemas: Schemas) -> None:
    assert all(each["additionalProperties"] is False for each in schemas.components.values())
    opened = schemas_of([Asked, Answer], open_structs={"Answer"})
    assert "additionalProperties" not in opened.components["Answer"]


def test_null_counts_as_absent_in_requests_only(schemas: Schemas) -> None:
    members, required = schemas.members(Asked)
    assert required == {"needed"}
    assert members["needed"] == {"type": "string", "minLength": 1, "pattern": "^a"}
    assert members["flag"] == {"type": ["boolean", "null"], "default": False}
    assert members["kind"] == {"type": ["string", "null"]}
    reference = {"$ref": "#/components/schemas/Inner"}
    assert members["inner"] == {"anyOf": [reference, {"type": "null"}]}
    assert members["anything"] == {}
    assert schemas.members(Inner)[0]["someCount"] == {"type": "integer", "default": 3}


def test_texts_come_from_the_docstring(schemas: Schemas) -> None:
    inner = schemas.components["Inner"]
    assert inner["description"] == "A part."
    text = "The name, which goes on in a second line."
    assert inner["properties"]["someName"]["description"] == text


def test_tagged_unions_have_a_discriminator_and_any_json_has_no_rules(schemas: Schemas) -> None:
    members, _ = schemas.members(Answer)
    assert members["items"]["items"]["discriminator"]["propertyName"] == "type"
    assert members["details"] == {"type": "object", "additionalProperties": {}}
    assert members["maybe"] == {"type": ["string", "null"]}


def test_examples_are_json_without_what_is_default_anyway() -> None:
    asked = Asked("a", inner=Inner("b"), many=[Inner("c", 4)])
    assert example_of(asked) == {
        "needed": "a",
        "inner": {"someName": "b"},
        "many": [{"someName": "c", "someCount": 4}],
    }
    answer = Answer([Left(1), Right()], {"k": [1]}, None)
    assert example_of(answer) == {
        "items": [{"type": "Left", "value": 1}, {"type": "Right"}],
        "details": {"k": [1]},
        "maybe": None,
    }
