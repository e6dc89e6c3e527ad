"""JSON Schema of the wire's structs (pure).

The structs say it all: fields and constraints from their annotations, texts from their docstrings.
What is added here is what the wire adds: every object is closed, and in requests `null` counts as
absent, because JavaScript clients send it for unset members.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec.inspect import StructType, multi_type_info

# Any: JSON Schema is JSON.
Schema = dict[str, Any]

REFERENCE: Final = "#/components/schemas/{name}"
_ATTRIBUTE: Final = re.compile(r"^ {4}(\w+): ", re.MULTILINE)
_ANY: Final = "$comment"
_NULL: Final = {"type": "null"}


@dataclass(frozen=True, slots=True)
class Schemas:
    """Schemas of structs, by name, and how to refer to one.

    Attributes:
        components: by name.
    """

    components: Mapping[str, Schema]

    def reference(self, struct: type[msgspec.Struct]) -> Schema:
        """A reference to a struct's schema."""
        return {"$ref": REFERENCE.format(name=struct.__name__)}

    def members(self, struct: type[msgspec.Struct]) -> tuple[Mapping[str, Schema], frozenset[str]]:
        """Schemas of a struct's members by wire name, and which of them are required."""
        schema = self.components[struct.__name__]
        return schema["properties"], frozenset(schema.get("required", ()))


def schemas_of(
    structs: Iterable[type[msgspec.Struct]], *, open_structs: Collection[str] = ()
) -> Schemas:
    """The schemas of these structs and of all that they hold.

    Args:
        structs: what is wanted.
        open_structs: names of those that may have members beyond the known ones.
    """
    wanted = sorted(set(structs), key=lambda struct: struct.__name__)
    _, components = msgspec.json.schema_components(
        wanted, schema_hook=_any_json, ref_template=REFERENCE
    )
    names = _wire_names(wanted)
    finished = {
        name: _finished(components[name], names.get(name, {})) for name in sorted(components)
    }
    for name in open_structs:
        del finished[name]["additionalProperties"]
    return Schemas(finished)


def _any_json(kind: type) -> Schema:
    """The schema of `object`, which stands for any JSON."""
    if kind is not object:
        raise TypeError(kind)
    return {_ANY: "any JSON"}


def example_of(value: object) -> object:
    """A struct as JSON, less the members that say nothing but their default."""
    if isinstance(value, msgspec.Struct):
        told = msgspec.to_builtins(value)
        kept = {}
        for field in msgspec.structs.fields(type(value)):
            member = getattr(value, field.name)
            if field.encode_name in told and (field.required or member != _default(field)):
                kept[field.encode_name] = example_of(member)
        tag = value.__struct_config__.tag_field
        return kept if tag is None else {tag: told[tag], **kept}
    if isinstance(value, list | tuple):
        return [example_of(each) for each in value]
    return msgspec.to_builtins(value)


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _wire_names(structs: Iterable[type[msgspec.Struct]]) -> dict[str, dict[str, str]]:
    """Wire names by struct and field, for every struct in reach."""
    names: dict[str, dict[str, str]] = {}
    waiting: list[object] = list(multi_type_info(structs))
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, StructType):
            if kind.cls.__name__ in names:
                continue
            names[kind.cls.__name__] = {each.name: each.encode_name for each in kind.fields}
            waiting.extend(each.type for each in kind.fields)
        for attribute in ("type", "item_type", "key_type", "value_type"):
            waiting.extend([getattr(kind, attribute)] if hasattr(kind, attribute) else [])
        for attribute in ("types", "item_types"):
            waiting.extend(getattr(kind, attribute, ()))
    return names


def _finished(schema: Schema, wire_names: Mapping[str, str]) -> Schema:
    """A component without what msgspec adds for others, with what the wire adds."""
    schema = _plain(schema)
    text, members = _texts(schema.pop("description", ""))
    if text:
        schema["description"] = text
    if "properties" not in schema:
        return schema
    is_request = schema.get("additionalProperties") is False
    schema["additionalProperties"] = False
    required = set(schema.get("required", ()))
    for name, member in schema["properties"].items():
        if is_request and name not in required:
            schema["properties"][name] = _nullable(member)
    for field, said in members.items():
        name = wire_names.get(field, field)
        if name in schema["properties"]:
            schema["properties"][name]["description"] = said[:1].upper() + said[1:]
    return schema


def _plain(schema: Schema) -> Schema:
    """Without titles, without `null` as a default, unions with `null` as a list of types."""
    plain: Schema = {}
    for key, each in schema.items():
        if key == "properties":
            plain[key] = {name: _plain(member) for name, member in each.items()}
        elif key in {"anyOf", "allOf", "oneOf"}:
            plain[key] = [_plain(option) for option in each]
        elif key in {"items", "additionalProperties"} and isinstance(each, dict):
            plain[key] = _plain(each)
        elif key not in {"title", _ANY} and not (key == "default" and each is None):
            plain[key] = each
    others = [option for option in plain.get("anyOf", ()) if option != _NULL]
    if len(others) == 1:
        del plain["anyOf"]
        return {**plain, **_nullable(others[0])}
    return plain


def _nullable(schema: Schema) -> Schema:
    """The schema, with `null` allowed."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return {**schema, "type": [kind, "null"]}
    if isinstance(kind, list) or not schema:
        return schema
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    options = schema.get("anyOf", [schema])
    kept = {key: each for key, each in schema.items() if key in {"default", "description"}}
    options = [{key: each for key, each in option.items() if key not in kept} for option in options]
    return {"anyOf": options if _NULL in options else [*options, _NULL], **kept}


def _texts(docstring: str) -> tuple[str, dict[str, str]]:
    """A struct's own text, and that of each of its `Attributes:`."""
    text, _, attributes = inspect.cleandoc(docstring).partition("\n\nAttributes:\n")
    marks = list(_ATTRIBUTE.finditer(attributes))
    ends = [*(mark.start() for mark in marks[1:]), len(attributes)]
    spans = zip(marks, ends, strict=False)
    members = {mark[1]: _joined(attributes[mark.end() : end]) for mark, end in spans}
    return _joined(text), members


def _joined(text: str) -> str:
    return " ".join(text.split())
