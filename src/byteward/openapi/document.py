"""The OpenAPI 3.1 document, written from the declared operations (pure)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec

from byteward.errors import CATALOGUE, ErrorCode
from byteward.openapi.envelope import ErrorResponse
from byteward.openapi.operation import (
    AnyOperation,
    Described,
    FileContent,
    FilesOfForm,
    Header,
    PlainText,
    Plane,
    Tag,
)
from byteward.openapi.parameters import PATH_PARAMETERS
from byteward.openapi.samples import code_samples
from byteward.openapi.schemas import Schema, Schemas, example_of, schemas_of
from byteward.openapi.security import SECURITY_SCHEMES, security_of

JSON: Final = "application/json"
_BYTES: Final = {"type": "string", "format": "binary"}
_PARAMETER: Final = re.compile(r"\{(\w+)\}")

_TAGS: Final[Mapping[Tag, str]] = {
    Tag.UPLOADS: "Bytes in: in one request, as a form, in parts, from a URL.",
    Tag.FILES: "Single files: details, copies, deletion, download.",
    Tag.FOLDERS: "Folders: settings, listings, copies, deletion.",
    Tag.JOBS: "Work that outlives its request.",
    Tag.CACHE: "Caches between files and readers.",
    Tag.SESSIONS: "A user's JWT as a cookie, for images in web pages.",
    Tag.ADMIN: "What administrators do, with a dashboard user's bearer.",
    Tag.DASHBOARD: "Signing in to the dashboard, and a user's own sign-in.",
    Tag.REFERENCE: "What you are reading.",
    Tag.HEALTH: "For load balancers.",
}
_ABOUT: Final = (
    "Every refusal is the same envelope, `ErrorResponse`, whose `code` a program may switch on. "
    "Sizes are bytes and times Unix milliseconds. Query parameters that an operation does not "
    "know are ignored; JSON bodies are closed. `HEAD` works wherever `GET` does. An answer "
    "carries `x-request-id`, which the server's log repeats."
)


def build_document(
    operations: Sequence[Described], *, version: str, api_url: str, cdn_url: str
) -> Schema:
    """The document.

    Args:
        operations: of both planes.
        version: of the server.
        api_url: public base of the API plane.
        cdn_url: public base of the CDN plane.
    """
    schemas = schemas_of(_structs(operations), open_structs=_lenient(operations))
    queries = {type(each.operation.query).__name__ for each in operations}
    paths: dict[str, Schema] = defaultdict(dict)
    for each in operations:
        path = paths[each.operation.path]
        path[each.operation.method.lower()] = _operation(each, schemas, api_url, cdn_url)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Byteward", "version": version, "description": _ABOUT},
        "servers": [{"url": api_url, "description": "API"}],
        "tags": [
            {"name": tag.value, "description": text}
            for tag, text in _TAGS.items()
            if any(each.operation.tag is tag for each in operations)
        ],
        "paths": dict(paths),
        "components": {
            "schemas": {k: v for k, v in schemas.components.items() if k not in queries},
            "examples": {code.value: _error_example(code) for code in CATALOGUE},
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _structs(operations: Sequence[Described]) -> Iterable[type[msgspec.Struct]]:
    yield ErrorResponse
    for each in operations:
        operation = each.operation
        for value in (operation.query, operation.body, operation.answer):
            if isinstance(value, msgspec.Struct):
                yield type(value)


def _lenient(operations: Sequence[Described]) -> set[str]:
    """Names of the JSON bodies that may have members beyond the known ones."""
    bodies = [each.operation.body for each in operations]
    return {
        type(body).__name__
        for body in bodies
        if isinstance(body, msgspec.Struct) and not body.__struct_config__.forbid_unknown_fields
    }


def _operation(each: Described, schemas: Schemas, api_url: str, cdn_url: str) -> Schema:
    operation = each.operation
    base = cdn_url if operation.plane is Plane.CDN else api_url
    written: Schema = {
        "operationId": operation.id,
        "tags": [operation.tag.value],
        "summary": each.summary,
        **({"description": each.description} if each.description else {}),
        **({"deprecated": True} if operation.is_deprecated else {}),
        "security": security_of(operation.access),
        "parameters": _parameters(operation, schemas),
        **_request_body(operation.body, schemas),
        "responses": _responses(operation, schemas),
        "x-codeSamples": code_samples(operation, base),
    }
    if operation.plane is Plane.CDN:
        written["servers"] = [{"url": cdn_url, "description": "Delivery"}]
    elif operation.plane is Plane.BOTH:
        written["servers"] = [{"url": api_url}, {"url": cdn_url}]
    return written


def _parameters(operation: AnyOperation, schemas: Schemas) -> list[Schema]:
    found: list[Schema] = []
    for name in _PARAMETER.findall(operation.path):
        known = PATH_PARAMETERS[name]
        found.append(
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": known.text,
                "schema": dict(known.schema),
                "example": known.example,
            }
        )
    query = operation.query
    if isinstance(query, msgspec.Struct):
        found += _query_parameters(query, schemas)
    found += [
        {
            "name": header.name,
            "in": "header",
            "required": header.is_required,
            "description": header.text,
            "schema": {"type": "string"},
            "example": header.example,
        }
        for header in operation.headers
    ]
    return found


def _query_parameters(query: msgspec.Struct, schemas: Schemas) -> Iterable[Schema]:
    members, required = schemas.members(type(query))
    told = example_of(query)
    for name, schema in members.items():
        text = schema.get("description")
        yield {
            "name": name,
            "in": "query",
            "required": name in required,
            **({"description": text} if text else {}),
            "schema": _of_text(schema),
            **({"example": told[name]} if isinstance(told, dict) and name in told else {}),
        }


def _of_text(schema: Schema) -> Schema:
    """The schema of a query's member: a URL has no `null`."""
    plain = {key: each for key, each in schema.items() if key != "description"}
    kind = plain.get("type")
    if isinstance(kind, list):
        plain["type"] = next(each for each in kind if each != "null")
    return plain


def _request_body(body: object, schemas: Schemas) -> Schema:
    match body:
        case None:
            return {}
        case FileContent():
            content: Schema = {body.media_type: {"schema": dict(_BYTES)}}
            return {"requestBody": {"description": body.text, "content": content}}
        case FilesOfForm():
            form = {"type": "object", "minProperties": 1, "additionalProperties": dict(_BYTES)}
            content = {"multipart/form-data": {"schema": form}}
            return {"requestBody": {"required": True, "description": body.text, "content": content}}
        case msgspec.Struct():
            content = {JSON: {"schema": schemas.reference(type(body)), "example": example_of(body)}}
            return {"requestBody": {"required": True, "content": content}}
        case _:
            raise TypeError(type(body))


def _responses(operation: AnyOperation, schemas: Schemas) -> Schema:
    success: Schema = {"description": HTTPStatus(operation.status).phrase}
    content = _answer_content(operation.answer, schemas)
    if content:
        success["content"] = content
    headers = {header.name: _answer_header(header) for header in operation.answer_headers}
    if headers:
        success["headers"] = headers
    responses = {str(operation.status): success}
    for status, text in operation.more_answers.items():
        responses[str(status)] = {"description": text}
    by_status: dict[int, list[ErrorCode]] = defaultdict(list)
    for code in CATALOGUE:
        if code in operation.codes:
            by_status[CATALOGUE[code].status].append(code)
    for error_status in sorted(by_status):
        responses[str(error_status)] = _refusals(operation, by_status[error_status], schemas)
    return responses


def _answer_content(answer: object, schemas: Schemas) -> Schema:
    match answer:
        case None:
            return {}
        case FileContent():
            is_json = answer.media_type == JSON
            return {answer.media_type: {"schema": {"type": "object"} if is_json else dict(_BYTES)}}
        case PlainText():
            return {"text/plain": {"schema": {"type": "string"}, "example": answer.word}}
        case msgspec.Struct():
            return {
                JSON: {"schema": schemas.reference(type(answer)), "example": example_of(answer)}
            }
        case _:
            raise TypeError(type(answer))


def _answer_header(header: Header) -> Schema:
    return {
        "description": header.text,
        "required": header.is_required,
        "schema": {"type": "string"},
        "example": header.example,
    }


def _refusals(operation: AnyOperation, codes: Sequence[ErrorCode], schemas: Schemas) -> Schema:
    """One status of an operation, with the codes that it can have there."""
    shape = schemas.reference(ErrorResponse)
    if operation.is_refused_alike and isinstance(operation.answer, msgspec.Struct):
        shape = {"anyOf": [shape, schemas.reference(type(operation.answer))]}
    status = HTTPStatus(CATALOGUE[codes[0]].status)
    of_code = {"properties": {"code": {"enum": [code.value for code in codes]}}}
    return {
        "description": status.phrase,
        "content": {
            JSON: {
                "schema": {"allOf": [shape, {"properties": {"error": of_code}}]},
                "examples": {
                    code.value: {"$ref": f"#/components/examples/{code.value}"} for code in codes
                },
            }
        },
    }


def _error_example(code: ErrorCode) -> Schema:
    info = CATALOGUE[code]
    error: dict[str, Any] = {  # Any: JSON
        "code": code.value,
        "message": info.when,
        "timestamp": "2024-05-25T19:44:18.683Z",
    }
    return {"summary": info.when, "value": {"error": error}}
