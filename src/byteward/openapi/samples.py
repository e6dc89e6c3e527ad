"""An operation as a command of curl and as a call of the official JavaScript client (pure)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from byteward.openapi.operation import (
    Access,
    AnyOperation,
    FileContent,
    FilesOfForm,
    Tag,
)
from byteward.openapi.parameters import PATH_PARAMETERS
from byteward.openapi.schemas import Schema, example_of

# SECURITY: a variable that the reader sets, so that no key is ever pasted into a page.
_KEY: Final = "$BYTEWARD_KEY"
_CLIENT_CLASSES: Final = frozenset({Tag.UPLOADS, Tag.FILES, Tag.FOLDERS, Tag.JOBS, Tag.CACHE})
_SHORT: Final = 50
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


def code_samples(operation: AnyOperation, base: str) -> list[Schema]:
    """Samples in the form that readers of OpenAPI know as `x-codeSamples`."""
    samples: list[Schema] = [{"lang": "Shell", "label": "curl", "source": _curl(operation, base)}]
    if is_in_client(operation):
        samples.append(
            {"lang": "JavaScript", "label": "@bytescale/sdk", "source": _javascript(operation)}
        )
    return samples


def is_in_client(operation: AnyOperation) -> bool:
    """Whether the official client has a method for the operation: none has a body of bytes."""
    return (
        operation.tag in _CLIENT_CLASSES
        and not operation.is_deprecated
        and not operation.is_extension
        and operation.method != "HEAD"
        and not isinstance(operation.body, FileContent | FilesOfForm)
    )


def _target(operation: AnyOperation) -> str:
    path = _PARAMETER.sub(
        lambda match: quote(str(PATH_PARAMETERS[match[1]].example), safe="/"), operation.path
    )
    pairs = [
        (name, _text(each))
        for name, value in _members(operation.query)
        for each in (value if isinstance(value, list) else [value])
    ]
    return f"{path}?{urlencode(pairs, quote_via=quote)}" if pairs else path


def _members(struct: object) -> Iterator[tuple[str, object]]:
    told = example_of(struct) if isinstance(struct, msgspec.Struct) else {}
    if isinstance(told, dict):
        yield from told.items()


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _curl(operation: AnyOperation, base: str) -> str:
    sends = operation.body is not None
    method = operation.method
    plain = method == "GET" or (method == "POST" and sends)
    words = ["curl" if plain else f"curl -X {method}", f'"{base}{_target(operation)}"']
    if operation.access in {Access.CREDENTIAL, Access.SECRET_KEY}:
        words.append(f'-H "Authorization: Bearer {_KEY}"')
    words += [f"-H '{header.name}: {header.example}'" for header in operation.headers]
    match operation.body:
        case FileContent():
            words += ['-H "Content-Type: image/jpeg"', "--data-binary @cat.jpg"]
        case FilesOfForm():
            words += ["-F file=@cat.jpg"]
        case msgspec.Struct():
            body = _json(example_of(operation.body), "  ")
            words += ['-H "Content-Type: application/json"', f"-d '{body}'"]
        case _:
            pass
    if isinstance(operation.answer, FileContent):
        words.append("-o cat.jpg")
    return " \\\n  ".join(words)


def _javascript(operation: AnyOperation) -> str:
    name = _lower(operation.tag.value)
    arguments: dict[str, object] = {
        each: PATH_PARAMETERS[each].example for each in _PARAMETER.findall(operation.path)
    }
    if "filePath" in arguments:
        arguments["filePath"] = f"/{arguments['filePath']}"
    arguments.update(_members(operation.query))
    if isinstance(operation.body, msgspec.Struct):
        arguments[_lower(type(operation.body).__name__)] = example_of(operation.body)
    lines = [f"  {key}: {_json(value, '  ')}," for key, value in arguments.items()]
    result = "" if operation.answer is None else "const result = "
    return "\n".join(
        [
            f"const {name} = new Bytescale.{operation.tag.value}({{",
            "  apiKey, apiUrl, cdnUrl,",
            "});",
            f"{result}await {name}.{_lower(operation.id)}({{",
            *lines,
            "});",
        ]
    )


def _json(value: object, indent: str) -> str:
    """JSON on one line if it is short, else one member to a line."""
    short = json.dumps(value, ensure_ascii=False)
    if len(short) <= _SHORT:
        return short
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", f"\n{indent}")


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
