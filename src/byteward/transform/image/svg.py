"""Looking through an SVG before it is drawn (pure).

An SVG is a program for a renderer: it can name other files and hosts, expand itself without end,
and carry scripts. Everything of that kind is refused before the renderer sees it, which could do
none of it in its sandbox either.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from byteward.errors import BytewardError, ErrorCode

MAX_BYTES: Final = 10_000_000
MAX_ELEMENTS: Final = 50_000
MAX_DEPTH: Final = 64
MAX_EXPANDED: Final = 200_000
MAX_FILTERS: Final = 100
MAX_INLINE_BYTES: Final = 1_048_576
_ROOT: Final = "<root>"
_ACTIVE: Final = frozenset({"script", "foreignobject", "iframe", "handler", "listener"})
_LINKS: Final = frozenset({"href", "xlink:href", "src"})
_INLINE: Final = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")


def check_svg(document: bytes) -> None:
    """Refuse a document that is anything but a drawing.

    Raises:
        BytewardError: `corrupt_input` with the reason `unsafe_svg` or `malformed`, or
            `transformation_failed` when it is too large.
    """
    if len(document) > MAX_BYTES:
        raise _too_large(f"it has more than {MAX_BYTES} bytes")
    _Scan().run(document)


@dataclass(slots=True)
class _Scope:
    """An element with an id: what lies in it, and what it refers to."""

    elements: int = 0
    references: list[str] = field(default_factory=list)


class _Scan:
    def __init__(self) -> None:
        self._scopes: dict[str, _Scope] = {_ROOT: _Scope()}
        self._open: list[str | None] = []
        self._elements = 0
        self._filters = 0
        self._style: list[str] | None = None

    def run(self, document: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = _refuse_declarations
        parser.EntityDeclHandler = _refuse_declarations
        parser.ProcessingInstructionHandler = _refuse_declarations
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.buffer_text = True
        try:
            parser.Parse(document, True)
        except expat.ExpatError:
            raise _unsafe("malformed", "it is not well-formed XML") from None
        self._check_expansion()

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        local = name.rpartition(":")[2].lower()
        if local in _ACTIVE:
            raise _unsafe("unsafe_svg", f"it holds a `{local}` element")
        if local == "filter":
            self._filters += 1
        if local == "style":
            self._style = []
        too_many = self._elements > MAX_ELEMENTS or self._filters > MAX_FILTERS
        if too_many or len(self._open) >= MAX_DEPTH:
            raise _too_large("it has too many elements, or they are nested too deeply")
        identifier = attributes.get("id")
        if identifier is not None:
            self._scopes.setdefault(identifier, _Scope())
        self._open.append(identifier)
        for scope in self._around():
            scope.elements += 1
        for attribute, value in attributes.items():
            self._attribute(attribute.lower(), value.strip())

    def _end(self, name: str) -> None:
        self._open.pop()
        if self._style is not None and name.rpartition(":")[2].lower() == "style":
            sheet, self._style = "".join(self._style), None
            if "@import" in sheet.lower() or "\\" in sheet:
                raise _unsafe("unsafe_svg", "its style refers to something outside")
            self._reference(sheet)

    def _text(self, text: str) -> None:
        if self._style is not None:
            self._style.append(text)

    def _around(self) -> list[_Scope]:
        return [self._scopes[_ROOT]] + [self._scopes[each] for each in self._open if each]

    def _attribute(self, name: str, value: str) -> None:
        if name.startswith("on"):
            raise _unsafe("unsafe_svg", "it holds an event handler")
        if name in _LINKS:
            self._link(value)
        elif "url(" in value.lower():
            self._reference(value)

    def _link(self, value: str) -> None:
        if value.startswith("#"):
            self._refer(value[1:])
        elif value and not _is_inline(value):
            raise _unsafe("unsafe_svg", "it refers to something outside")

    def _reference(self, value: str) -> None:
        """`url(#…)` in fills, clips, masks and filters."""
        for part in value.lower().split("url(")[1:]:
            target = part.partition(")")[0].strip("\"' \t\r\n")
            if not target.startswith("#"):
                raise _unsafe("unsafe_svg", "it refers to something outside")
        for part in value.split("url(")[1:]:
            self._refer(part.partition(")")[0].strip("\"' \t\r\n").removeprefix("#"))

    def _refer(self, identifier: str) -> None:
        for scope in self._around():
            scope.references.append(identifier)

    def _check_expansion(self) -> None:
        """How many elements are drawn when every reference is followed."""
        sizes: dict[str, int] = {}
        entered: set[str] = set()
        stack = [_ROOT]
        while stack:
            name = stack[-1]
            if name in sizes:
                stack.pop()
                continue
            entered.add(name)
            scope = self._scopes[name]
            known = [each for each in scope.references if each in self._scopes]
            missing = [each for each in known if each not in sizes]
            if any(each in entered for each in missing if each != name) or name in known:
                raise _unsafe("unsafe_svg", "it refers to itself")
            if missing:
                stack.extend(dict.fromkeys(missing))
                continue
            sizes[name] = scope.elements + sum(sizes[each] for each in known)
            if sizes[name] > MAX_EXPANDED:
                raise _too_large("its references expand to too many elements")
            stack.pop()


def _is_inline(value: str) -> bool:
    """Whether it is a raster image written into the document itself."""
    head, comma, body = value.partition(",")
    if not comma or not (head.lower() + ";").startswith(_INLINE) or not head.endswith("base64"):
        return False
    try:
        return len(base64.b64decode("".join(body.split()), validate=True)) <= MAX_INLINE_BYTES
    except (binascii.Error, ValueError):
        return False


def _refuse_declarations(*_arguments: object) -> None:
    raise _unsafe("unsafe_svg", "it holds a document type, an entity or a processing instruction")


def _unsafe(reason: str, why: str) -> BytewardError:
    return BytewardError(
        ErrorCode.CORRUPT_INPUT, f"the SVG is not drawn: {why}", details={"reason": reason}
    )


def _too_large(why: str) -> BytewardError:
    return BytewardError(
        ErrorCode.TRANSFORMATION_FAILED,
        f"the SVG is too large: {why}",
        details={"reason": "too_many_pixels"},
    )
