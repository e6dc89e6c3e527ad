"""The XML of stores that speak S3, read without anything that makes XML dangerous (pure).

A document type is refused before anything is declared in it, so there are no entities to expand
and nothing outside to fetch. Only the text of elements is read; attributes and namespaces say
nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

_MAX_DEPTH: Final = 16
_REFERENCE: Final = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")
_FIRST_TEXT: Final = 0x20
_UNREADABLE: Final = "\ufffd"


class S3XmlError(ValueError):
    """The document is not one that a store sends."""


@dataclass(slots=True)
class Element:
    """One element: its name without namespace, its text, and what is in it."""

    name: str
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def value(self, name: str) -> str | None:
        """The text of the first child of that name."""
        return next((child.text for child in self.children if child.name == name), None)

    def all(self, name: str) -> Iterator[Element]:
        """The children of that name."""
        return (child for child in self.children if child.name == name)


def parse_xml(document: bytes) -> Element:
    """Read a document.

    Raises:
        S3XmlError: it is not well-formed, too deep, or has a document type.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(_REFERENCE.sub(_readable, document), True)
    except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
        raise S3XmlError(str(error)) from None
    if reader.root is None:
        raise S3XmlError("there is no element")
    return reader.root


def _readable(match: re.Match[bytes]) -> bytes:
    """Control characters cannot stand in XML, also not by number; stores name objects so anyway."""
    number = int(match[1], 16) if match[1] else int(match[2])
    return match[0] if number >= _FIRST_TEXT else _UNREADABLE.encode()


class _Reader:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self.parser = expat.ParserCreate("utf-8")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _refuse(self, *_: object) -> None:
        raise S3XmlError("a document type")

    def _start(self, name: str, _: object) -> None:
        if len(self._open) >= _MAX_DEPTH:
            raise S3XmlError("too deep")
        element = Element(name.rpartition(":")[2])
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, text: str) -> None:
        self._open[-1].text += text
