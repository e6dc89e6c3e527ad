"""`/openapi.json` and what it says, `/docs` and what it is served with."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema_rs
import pytest

from byteward.files import storage_layers
from byteward.http.reference import PATHS
from tests.api_plane import API_URL, CDN_URL, Plane, api_plane

Schema = dict[str, Any]  # Any: JSON

OPENAPI: Final = "/openapi.json"
CLIENT: Final = (
    Path(__file__).parents[2]
    / "node/node_modules/@bytescale/sdk/dist/types/public/shared/generated/apis"
)
"""Types of the official client, which `make test` installs."""


@pytest.fixture(scope="module")
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


@pytest.fixture(scope="module")
def document(plane: Plane) -> Schema:
    found: Schema = plane.call("GET", OPENAPI).json
    return found


def operations(document: Schema) -> Iterator[Schema]:
    for path in document["paths"].values():
        yield from path.values()


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def resolved(document: Schema, value: Schema) -> Schema:
    """The value, or what it refers to."""
    if "$ref" not in value:
        return value
    found: Any = document  # Any: JSON
    for step in value["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def with_components(document: Schema, schema: Schema) -> Schema:
    return {**schema, "components": document["components"]}


def examples(document: Schema) -> Iterator[tuple[str, Schema, object]]:
    """Name, schema and value of every example."""
    for operation in operations(document):
        name = operation["operationId"]
        for parameter in operation["parameters"]:
            if "example" in parameter:
                where = f"{name} {parameter['name']}"
                yield where, parameter["schema"], parameter["example"]
        bodies = [("request", operation.get("requestBody", {}))]
        bodies += list(operation["responses"].items())
        for where, body in bodies:
            for media in body.get("content", {}).values():
                if "example" in media:
                    yield f"{name} {where}", media["schema"], media["example"]
                for each in media.get("examples", {}).values():
                    yield f"{name} {where}", media["schema"], resolved(document, each)["value"]


def test_the_document_is_served_to_anybody_and_may_be_kept(plane: Plane) -> None:
    answer = plane.call("GET", OPENAPI)
    assert (answer.status, answer.json["openapi"]) == (200, "3.1.0")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=300"
    current = {"if-none-match": answer.headers["etag"]}
    again = plane.call("GET", OPENAPI, headers=current)
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", answer.headers["etag"])


@pytest.mark.parametrize("path", sorted(PATHS))
def test_each_part_is_read_only_small_and_the_same_packed(plane: Plane, path: str) -> None:
    plain = plane.call("GET", path)
    packed = plane.call("GET", path, headers={"accept-encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["etag"] != plain.headers["etag"]
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding, Origin"
    assert len(packed.body) < 60_000
    head = plane.call("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(plain.body))
    refused = plane.call("POST", path)
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_a_coding_of_no_weight_is_not_used(plane: Plane) -> None:
    answer = plane.call("GET", OPENAPI, headers={"accept-encoding": "gzip;q=0, identity"})
    assert "content-encoding" not in answer.headers


def test_the_page_runs_and_loads_nothing_but_its_own_two_files(plane: Plane) -> None:
    answer = plane.call("GET", "/docs")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    text = answer.body.decode()
    assert "<style" not in text
    assert " style=" not in text
    assert " onclick" not in text
    assert text.count("<script") == text.count('<script src="/docs/reference.js" defer></script>')


def test_the_page_shows_every_operation(plane: Plane, document: Schema) -> None:
    text = plane.call("GET", "/docs").body.decode()
    missing = [
        operation["operationId"]
        for operation in operations(document)
        if f'id="{operation["operationId"]}"' not in text
    ]
    assert missing == []


def test_the_servers_are_the_public_ones(document: Schema) -> None:
    assert document["servers"][0]["url"] == API_URL
    download = document["paths"]["/{accountId}/raw/{filePath}"]["get"]
    assert [each["url"] for each in download["servers"]] == [CDN_URL]


def test_nothing_in_the_document_is_a_secret(plane: Plane, document: Schema) -> None:
    text = json.dumps(document)
    assert [name for name, key in plane.keys.items() if key in text] == []
    assert str(plane.folder) not in text


def test_every_reference_leads_somewhere(document: Schema) -> None:
    for reference in set(references(document)):
        assert resolved(document, {"$ref": reference})


def test_every_schema_is_one_and_every_example_is_of_its_schema(document: Schema) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid(schema), name
    found = list(examples(document))
    assert len(found) > 3 * len(document["paths"])
    wrong = [
        name
        for name, schema, value in found
        if not jsonschema_rs.is_valid(with_components(document, schema), value)
    ]
    assert wrong == []


def test_every_operation_can_be_read(document: Schema) -> None:
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))
    for operation in operations(document):
        assert operation["summary"]
        assert not operation["summary"].endswith(".")
        assert operation["x-codeSamples"][0]["source"].startswith("curl")


def test_samples_call_what_the_official_client_has(document: Schema) -> None:
    for operation in operations(document):
        for sample in operation["x-codeSamples"][1:]:
            types = (CLIENT / f"{operation['tags'][0]}.d.ts").read_text("utf-8")
            call, _, arguments = sample["source"].partition("await ")[2].partition("({")
            assert f"{call.rpartition('.')[2]}(params: " in types, operation["operationId"]
            names = re.findall(r"^  (\w+): ", arguments, re.MULTILINE)
            assert [name for name in names if not re.search(rf"\b{name}\??:", types)] == []


def test_every_parameter_and_every_member_is_explained(document: Schema) -> None:
    layers = {name for name, each in vars(storage_layers).items() if isinstance(each, type)}
    # Members of storage layers have the names that each provider gives them.
    unexplained = [
        f"{name} {member}"
        for name, schema in document["components"]["schemas"].items()
        for member, each in schema.get("properties", {}).items()
        if name not in layers and "description" not in each and "enum" not in each
    ]
    unexplained += [
        f"{operation['operationId']} {parameter['name']}"
        for operation in operations(document)
        for parameter in operation["parameters"]
        if not parameter.get("description")
    ]
    assert unexplained == []
