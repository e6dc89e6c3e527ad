"""The reference as one page of HTML, made of the OpenAPI document (pure).

It needs no script to be read; the one beside it adds search and buttons that copy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from byteward.openapi.markup import code_block, escaped, json_block, member, members, sentence
from byteward.openapi.schemas import Schema

_PHRASES: Final[Mapping[str, str]] = {
    "bearerApiKey": "API key",
    "basicApiKey": "API key as Basic",
    "jwt": "JWT",
    "bearerJwt": "JWT alone",
    "dashboardBearer": "dashboard bearer",
    "dashboardCookie": "dashboard cookie",
    "csrfToken": "CSRF token",
    "session": "session cookie",
}


def render_page(document: Schema, *, assets: str, json_path: str) -> str:
    """The page.

    Args:
        document: the OpenAPI document.
        assets: path below which style and script are.
        json_path: where the document itself is.
    """
    info = document["info"]
    return "".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escaped(info['title'])} API reference</title>",
            '<link rel="icon" href="data:,">',
            f'<link rel="stylesheet" href="{escaped(assets)}/reference.css">',
            f'<script src="{escaped(assets)}/reference.js" defer></script>',
            '</head><body><a class="skip" href="#content">Skip to content</a>',
            _navigation(document),
            '<main id="content">',
            _introduction(document, json_path),
            *_groups(document),
            _shapes(document["components"]["schemas"]),
            "</main></body></html>",
        ]
    )


def _operations(document: Schema, tag: str) -> Iterator[tuple[str, str, Schema]]:
    """Path, method and operation of a group, in the order of the document."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] == [tag]:
                yield path, method, operation


def _navigation(document: Schema) -> str:
    groups = []
    for tag in document["tags"]:
        items = [
            f'<li><a href="#{operation["operationId"]}">'
            f"{_badge(method)} {escaped(operation['operationId'])}</a></li>"
            for _, method, operation in _operations(document, tag["name"])
        ]
        groups.append(f'<p class="group">{escaped(tag["name"])}</p><ul>{"".join(items)}</ul>')
    return (
        '<nav aria-label="Operations"><details class="menu" open><summary>'
        f'<span class="brand">{escaped(document["info"]["title"])}</span> API reference</summary>'
        '<div class="search" hidden><label for="search">Search</label>'
        '<input id="search" type="search" autocomplete="off" placeholder="Press / to search">'
        '<p id="found" role="status"></p></div>'
        f'<div class="list"><ul><li><a href="#content">Introduction</a></li></ul>{"".join(groups)}'
        '<ul><li><a href="#shapes">Shapes</a></li></ul></div></details></nav>'
    )


def _badge(method: str) -> str:
    return f'<span class="method {escaped(method)}">{escaped(method.upper())}</span>'


def _introduction(document: Schema, json_path: str) -> str:
    info = document["info"]
    hosts = {each["url"]: each.get("description", "") for each in document["servers"]}
    for path in document["paths"].values():
        for operation in path.values():
            for server in operation.get("servers", ()):
                hosts.setdefault(server["url"], server.get("description", ""))
    shown = "".join(
        f"<dt><code>{escaped(url)}</code></dt><dd>{escaped(text)}</dd>"
        for url, text in hosts.items()
    )
    schemes = "".join(
        f"<dt>{escaped(_PHRASES[name])}</dt><dd>{sentence(each['description'])}</dd>"
        for name, each in document["components"]["securitySchemes"].items()
    )
    return (
        f'<section class="intro"><h1>{escaped(info["title"])} API reference</h1>'
        f'<p class="lead">Version {escaped(info["version"])}. '
        f'<a href="{escaped(json_path)}">OpenAPI 3.1 document</a></p>'
        f"<p>{sentence(info['description'])}</p>"
        f'<h2>Hosts</h2><dl class="members">{shown}</dl>'
        f'<h2>Credentials</h2><dl class="members">{schemes}</dl></section>'
    )


def _groups(document: Schema) -> Iterator[str]:
    for tag in document["tags"]:
        name = escaped(tag["name"])
        yield f'<section class="group" id="group-{name}"><h2>{name}</h2>'
        yield f"<p>{sentence(tag['description'])}</p>"
        for path, method, operation in _operations(document, tag["name"]):
            yield _operation(document, path, method, operation)
        yield "</section>"


def _operation(document: Schema, path: str, method: str, operation: Schema) -> str:
    name = escaped(operation["operationId"])
    description = operation.get("description", "")
    said = sentence(operation["summary"])
    if description:
        said += f" {sentence(description)}"
    old = '<p class="deprecated">Kept for old clients.</p>' if operation.get("deprecated") else ""
    return "".join(
        [
            f'<article id="{name}" aria-labelledby="title-{name}"><div class="text">',
            f'<h3 id="title-{name}"><a href="#{name}">{name}</a></h3>',
            f'<p class="route">{_badge(method)} <code>{_breakable(path)}</code></p>{old}',
            f"<p>{said}</p>",
            f'<p class="access"><strong>Credentials:</strong> {_access(operation["security"])}</p>',
            _parameters(operation["parameters"]),
            _body(document, operation),
            _refusals(operation["responses"], document["components"]["examples"]),
            '</div><div class="samples">',
            *(code_block(each["label"], each["source"]) for each in operation["x-codeSamples"]),
            _answer(operation["responses"]),
            "</div></article>",
        ]
    )


def _breakable(path: str) -> str:
    """A path that may break at its slashes."""
    return escaped(path).replace("/", "/<wbr>")


def _access(security: list[Schema]) -> str:
    ways = [" with ".join(_PHRASES[name] for name in each) for each in security if each]
    if not ways:
        return "none in a header"
    return ("none, or " if {} in security else "") + ", or ".join(ways)


def _parameters(parameters: list[Schema]) -> str:
    if not parameters:
        return ""
    shown = "".join(
        member(
            each["name"],
            each["schema"],
            is_required=each["required"],
            text=each.get("description", ""),
            where=each["in"],
        )
        for each in parameters
    )
    return f'<h4>Parameters</h4><dl class="members">{shown}</dl>'


def _body(document: Schema, operation: Schema) -> str:
    body = operation.get("requestBody")
    if body is None:
        return ""
    media, content = next(iter(body["content"].items()))
    text = f"<p>{sentence(body['description'])}</p>" if "description" in body else ""
    reference = content["schema"].get("$ref", "")
    if reference:
        name = reference.rpartition("/")[2]
        schema = document["components"]["schemas"][name]
        text = f"<p>{sentence(schema.get('description', name))}</p>{members(schema)}"
    return f"<h4>Body <code>{escaped(media)}</code></h4>{text}"


def _answer(responses: Schema) -> str:
    """The successful answers: an example, or what it is."""
    blocks = []
    for status, response in responses.items():
        if status >= "400":
            continue
        media: Schema = next(iter(response.get("content", {}).values()), {})
        label = f"{status} {response['description']}".removesuffix(".")
        if "example" in media:
            schema = media["schema"].get("$ref", "").rpartition("/")[2]
            blocks.append(json_block(f"{label} {schema}".strip(), media["example"]))
        else:
            blocks.append(f'<p class="status">{escaped(label)}</p>')
    return "".join(blocks)


def _refusals(responses: Schema, examples: Schema) -> str:
    rows = []
    for status, response in responses.items():
        if status < "400":
            continue
        media = next(iter(response["content"].values()))
        rows += [
            f"<dt>{escaped(status)} <code>{escaped(code)}</code></dt>"
            f"<dd>{sentence(examples[code]['summary'])}</dd>"
            for code in media["examples"]
        ]
    return (
        f'<details class="refusals"><summary>Refusals ({len(rows)})</summary>'
        f'<dl class="members">{"".join(rows)}</dl></details>'
    )


def _shapes(schemas: Schema) -> str:
    shown = []
    for name, schema in schemas.items():
        values = "".join(f"<code>{escaped(each)}</code> " for each in schema.get("enum", ()))
        shown.append(
            f'<article class="shape" id="shape-{escaped(name)}"><div class="text">'
            f'<h3><a href="#shape-{escaped(name)}">{escaped(name)}</a></h3>'
            f"<p>{sentence(schema.get('description', name))}</p>{values}{members(schema)}"
            "</div></article>"
        )
    return f'<section class="group" id="shapes"><h2>Shapes</h2>{"".join(shown)}</section>'
