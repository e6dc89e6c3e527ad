"""The text of an account document, in JSON or YAML, with the position of everything in it.

YAML is read by the core schema of YAML 1.2: `null`, `true`, `false`, numbers; everything else is
text. `no` is a word and `12:30` is not a number. Tags that would make other objects are refused,
and so are names that occur twice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import yaml

from byteward.errors import OperatorError
from byteward.strict_json import StrictJsonError
from byteward.strict_json import parse as parse_json

Path = tuple[str | int, ...]
"""Where a value is: names and list positions from the top."""

_MAX_DEPTH: Final = 32
_MAX_VALUES: Final = 2_000_000  # SECURITY: aliases repeat values without repeating text
_JSON_MEMBERS: Final = 100_000
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)
_FLOAT: Final = re.compile(
    r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?", re.ASCII
)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}", re.ASCII)
_WORDS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    "null": None,
    "true": True,
    "false": False,
}
_TAG: Final = "tag:yaml.org,2002:"
_TAGS: Final = frozenset(
    _TAG + name
    for name in ("str", "int", "float", "bool", "null", "timestamp", "value", "merge", "map", "seq")
)
_Loader: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a document.

    Attributes:
        where: path of the value, for example `accounts[0].apiKeys[1].kind`.
        message: what is wrong, for people.
        line: from 1; 0 when it is not known.
        column: from 1; 0 when it is not known.
    """

    where: str
    message: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line else ""
        return f"{place}{self.where}: {self.message}" if self.where else f"{place}{self.message}"


class DocumentError(OperatorError):
    """The document cannot be applied; `problems` says all that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def path_text(path: Path) -> str:
    """A path as people read it: `accounts[0].name`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


class Source:
    """A parsed document: its value, and where each part of it stands.

    Args:
        text: the whole file.

    Raises:
        DocumentError: it is neither JSON nor YAML.
    """

    def __init__(self, text: str) -> None:
        self._text = text = text.removeprefix("\ufeff")
        self._node: yaml.Node | None = None
        self.value: object = None
        if text.lstrip(" \t\r\n")[:1] in {"{", "["}:
            try:
                self.value = parse_json(
                    text, max_depth=_MAX_DEPTH, max_members=_JSON_MEMBERS, unique_names=True
                )
            except StrictJsonError:
                self.value = self._read_yaml()
        else:
            self.value = self._read_yaml()

    def problem(self, path: Path, message: str, *, at_name: str | None = None) -> Problem:
        """A problem with the value at `path`, or with its member `at_name`."""
        line, column = self._position(path, at_name)
        shown = path if at_name is None else (*path, at_name)
        return Problem(path_text(shown), message, line, column)

    def _read_yaml(self) -> object:
        self._node = _compose(self._text)
        if self._node is None:
            raise DocumentError([Problem("", "the document is empty")])
        return _Reader().read(self._node, 0)

    def _position(self, path: Path, at_name: str | None) -> tuple[int, int]:
        if self._node is None:
            try:
                self._node = _compose(_as_yaml(self._text))
            except DocumentError:
                return 0, 0
        node = self._node
        for step in path:
            below = _child(node, step)
            if below is None:
                break
            node = below
        else:
            node = (at_name and _name_node(node, at_name)) or node
        if node is None:
            return 0, 0
        return node.start_mark.line + 1, node.start_mark.column + 1


def _as_yaml(json_text: str) -> str:
    """JSON as YAML takes it, with every character in its place: only positions are read from it.

    Tabs, which in JSON stand between values only, become spaces, and surrogate escapes letters.
    """
    return _SURROGATE_ESCAPE.sub(r"\\u0061", json_text.replace("\t", " "))


def _compose(text: str) -> yaml.Node | None:
    try:
        _check_depth(text)
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = error.problem or "it cannot be read"
        raise DocumentError([Problem("", f"not JSON or YAML: {problem}", line, column)]) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise DocumentError([Problem("", f"not JSON or YAML: {error}")]) from None
    return node


def _check_depth(text: str) -> None:
    """Refuse deep nesting before nodes are made of it.

    SECURITY: the library makes nodes by recursion in C, which ends the process on a deep document.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise _error(event, "values are nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step] if step < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == step), None)
    return None


def _name_node(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((key for key, _ in node.value if key.value == name), None)


class _Reader:
    """Nodes into plain values, within limits."""

    def __init__(self) -> None:
        self._count = 0

    def read(self, node: yaml.Node, depth: int) -> object:
        self._count += 1
        if depth > _MAX_DEPTH or self._count > _MAX_VALUES:
            raise _error(node, "too many values, or values nested too deeply")
        if node.tag not in _TAGS:
            raise _error(node, f"the tag `{node.tag}` is not supported")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, depth + 1) for item in node.value]
        return _scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, object]:
        members: dict[str, object] = {}
        for name_node, value_node in node.value:
            if not isinstance(name_node, yaml.ScalarNode):
                raise _error(name_node, "a name must be text")
            name = _scalar_text(name_node)
            if name in members:
                raise _error(name_node, f"the name `{name}` occurs twice")
            members[name] = self.read(value_node, depth + 1)
        return members


def _scalar(node: yaml.ScalarNode) -> object:
    text: str = node.value
    is_plain = node.style in {None, ""} and node.tag != _TAG + "str"
    if is_plain and text in _WORDS:
        return _WORDS[text]
    if is_plain and _INTEGER.fullmatch(text):
        return int(text)
    if is_plain and _FLOAT.fullmatch(text):
        return float(text)
    return _scalar_text(node)


def _scalar_text(node: yaml.ScalarNode) -> str:
    text: str = node.value
    if _SURROGATE.search(text):
        raise _error(node, "surrogate escapes belong into JSON; write the character itself")
    return text


def _error(part: yaml.Node | yaml.Event, message: str) -> DocumentError:
    mark = part.start_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    return DocumentError([Problem("", message, line, column)])


class Problems:
    """Collects what is wrong with a document, so that all of it is told at once."""

    def __init__(self, source: Source, base: Path = (), found: list[Problem] | None = None) -> None:
        self._source = source
        self._base = base
        self._found: list[Problem] = [] if found is None else found

    def under(self, *steps: str | int) -> Problems:
        """The same collection, with paths that begin further down."""
        return Problems(self._source, (*self._base, *steps), self._found)

    def add(self, path: Path, message: str) -> None:
        """Something is wrong with the value at `path`, counted from here."""
        self._found.append(self._source.problem((*self._base, *path), message))

    def raise_any(self) -> None:
        """Stop if there were problems.

        Raises:
            DocumentError: with all of them.
        """
        if self._found:
            raise DocumentError(self._found)
