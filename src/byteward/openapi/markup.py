"""Text as HTML: everything is escaped here, so that no other module can forget to (pure)."""

from __future__ import annotations

import html
import json
import re

from byteward.openapi.schemas import Schema

_CODE = re.compile(r"`([^`]+)`")


def escaped(text: object) -> str:
    """Text for an element or a quoted attribute."""
    return html.escape(str(text))


def prose(text: str) -> str:
    """Text in which backticks mark code."""
    return _CODE.sub(r"<code>\1</code>", escaped(text))


def sentence(text: str) -> str:
    """Prose that ends in a full stop."""
    return prose(text if text.endswith((".", "`.")) else f"{text}.")


def code_block(label: str, source: str) -> str:
    """A block of code with its name; the script gives it a button to copy it."""
    return (
        f'<figure class="code"><figcaption>{escaped(label)}</figcaption>'
        f'<pre tabindex="0"><code>{escaped(source)}</code></pre></figure>'
    )


def json_block(label: str, value: object) -> str:
    """A JSON value."""
    return code_block(label, json.dumps(value, indent=2, ensure_ascii=False))


def type_of(schema: Schema) -> str:
    """What a value is, in few words, with links to the shapes it is made of."""
    if "$ref" in schema:
        name = escaped(schema["$ref"].rpartition("/")[2])
        return f'<a href="#shape-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(type_of(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escaped(json.dumps(each))}</code>" for each in schema["enum"])
    kind = schema.get("type", "any JSON")
    names = kind if isinstance(kind, list) else [kind]
    if "array" in names and isinstance(schema.get("items"), dict):
        of_what = f"array of {type_of(schema['items'])}"
        return " or ".join(of_what if name == "array" else escaped(name) for name in names)
    return " or ".join(escaped(name) for name in names)


def limits_of(schema: Schema) -> str:
    """A schema's constraints and its default."""
    said = [
        f"{label} {escaped(schema[key])}"
        for key, label in (
            ("minimum", "at least"),
            ("maximum", "at most"),
            ("minItems", "elements: at least"),
            ("maxItems", "elements: at most"),
        )
        if key in schema
    ]
    if "maxLength" in schema:
        said.append(
            f"{escaped(schema.get('minLength', 0))} to {escaped(schema['maxLength'])} characters"
        )
    if "pattern" in schema:
        said.append(f"pattern <code>{escaped(schema['pattern'])}</code>")
    if "default" in schema:
        said.append(f"default <code>{escaped(json.dumps(schema['default']))}</code>")
    return ", ".join(said)


def member(name: str, schema: Schema, *, is_required: bool, text: str = "", where: str = "") -> str:
    """One member of an object, or one parameter."""
    text = text or schema.get("description", "")
    marks = f' <span class="where">{escaped(where)}</span>' if where else ""
    if is_required:
        marks += ' <span class="required">required</span>'
    said = [sentence(text)] if text else []
    limits = limits_of(schema)
    if limits:
        said.append(f'<span class="limits">{limits}</span>')
    return (
        f'<dt><code>{escaped(name)}</code> <span class="type">{type_of(schema)}</span>{marks}</dt>'
        f"<dd>{' '.join(said)}</dd>"
    )


def members(schema: Schema) -> str:
    """All members of an object."""
    required = set(schema.get("required", ()))
    shown = [
        member(name, each, is_required=name in required)
        for name, each in schema.get("properties", {}).items()
    ]
    return f'<dl class="members">{"".join(shown)}</dl>' if shown else ""
