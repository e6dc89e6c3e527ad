"""Reading and writing permission rules in the shapes of the wire protocol.

A JWT is written by the customer's backend against a documented schema that may grow, so unknown
members are ignored; but anything wrong inside a known member makes the whole JWT invalid. Rules of
an API key and public permissions are written for this server, so there an unknown member is an
error too, as is a second rule for the same pattern. Every error names its position.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

from byteward.access.actions import Action
from byteward.access.model import TagPatterns
from byteward.access.public import PublicEntries, PublicEntry
from byteward.access.rules import Grant, PathPattern, PathPermission, PathRules, Scope, Segments
from byteward.errors import BytewardError
from byteward.paths import parse_segments

MAX_TOKEN_ENTRIES: Final = 100
MAX_PUBLIC_ENTRIES: Final = 100
MAX_PATTERNS: Final = 10
MAX_SLUG_PATTERN: Final = 100
MAX_TAG_PATTERN: Final = 255

_SLUG_PATTERN: Final = re.compile(r"[a-zA-Z0-9\-_.+=@~;%]*\*?", re.ASCII)
_TAG_PATTERN: Final = re.compile(r"[a-zA-Z0-9.,/=_+\-]*\*?", re.ASCII)

_Tree = dict[str, dict[str, dict[str, Action]]]


def _field_tree() -> _Tree:
    tree: _Tree = {}
    for action in Action:
        verb, subject, name = action.value.split(".")
        tree.setdefault(verb, {}).setdefault(subject, {})[name] = action
    return tree


_FIELDS: Final = _field_tree()


class PolicyError(ValueError):
    """Rules that cannot be accepted.

    Attributes:
        where: position of the fault, for example `pathPermissions.$0.match.scope`.
        message: what is wrong with it, lower case, for people.
    """

    def __init__(self, where: str, message: str) -> None:
        super().__init__(f"{where}: {message}")
        self.where = where
        self.message = message


def _object(
    value: object, where: str, known: Collection[str], *, is_closed: bool
) -> dict[str, object]:
    """The members of a JSON object that are known and not null."""
    if not isinstance(value, dict):
        raise PolicyError(where, "must be an object")
    if is_closed:
        for name in value:
            if name not in known:
                raise PolicyError(f"{where}.{name}", f"unknown; known are {', '.join(known)}")
    return {name: value[name] for name in known if value.get(name) is not None}


def _list(value: object, where: str, max_items: int | None) -> list[object]:
    if not isinstance(value, list):
        raise PolicyError(where, "must be a list")
    if max_items is not None and len(value) > max_items:
        raise PolicyError(where, f"has {len(value)} elements; at most {max_items} are allowed")
    return value


def _text(members: dict[str, object], name: str, where: str) -> str:
    value = members.get(name)
    if value is None:
        raise PolicyError(f"{where}.{name}", "is missing")
    if not isinstance(value, str):
        raise PolicyError(f"{where}.{name}", "must be a string")
    return value


def _patterns(
    value: object, where: str, grammar: re.Pattern[str] | None, max_length: int
) -> tuple[str, ...]:
    items = _list(value, where, MAX_PATTERNS)
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise PolicyError(f"{where}.${index}", "must be a string")
        if grammar is None:
            continue
        if not 1 <= len(item) <= max_length or grammar.fullmatch(item) is None:
            raise PolicyError(
                f"{where}.${index}",
                f"must be `*`, an exact name, or a beginning followed by `*`, of at most"
                f" {max_length} characters",
            )
    return tuple(str(item) for item in items)


def _slug_patterns(value: object, where: str, *, is_closed: bool) -> tuple[str, ...]:
    # In a JWT a pattern outside the grammar is not an error: it matches no slug that can exist.
    return _patterns(value, where, _SLUG_PATTERN if is_closed else None, MAX_SLUG_PATTERN)


def _base(text: str, where: str) -> Segments:
    try:
        segments = parse_segments(text)
    except BytewardError as error:
        raise PolicyError(where, error.message) from None
    if segments and not segments[-1]:
        raise PolicyError(where, "must not end with `/`")
    return segments


def _scope(members: dict[str, object], where: str) -> Scope:
    text = _text(members, "scope", where)
    try:
        return Scope(text)
    except ValueError:
        raise PolicyError(f"{where}.scope", f"must be one of {', '.join(Scope)}") from None


def parse_pattern_text(text: str, *, where: str = "pattern") -> PathPattern:
    """Read the dashboard's form of a path pattern: `/a` (itself), `/a/*` (children), `/a/*/**`.

    Raises:
        PolicyError: the path is no path, or a `*` stands anywhere else.
    """
    base, scope = text, Scope.THIS
    for suffix, meant in (("/*/**", Scope.GRANDCHILDREN), ("/*", Scope.CHILDREN)):
        if text.endswith(suffix):
            base, scope = text.removesuffix(suffix), meant
            if base.endswith("/"):
                raise PolicyError(where, "must not have an empty segment before `*`")
            base = base or "/"
            break
    if "*" in base:
        raise PolicyError(where, "`*` may stand only at the end, as `/*` or `/*/**`")
    return PathPattern(_base(base, where), scope)


def _match(value: object, where: str, *, is_closed: bool) -> PathPattern:
    members = _object(value, where, ("path", "scope"), is_closed=is_closed)
    base = _base(_text(members, "path", where), f"{where}.path")
    return PathPattern(base, _scope(members, where))


def _grants(value: object, where: str, *, is_closed: bool) -> dict[Action, Grant]:
    grants: dict[Action, Grant] = {}
    for verb, subjects in _object(value, where, _FIELDS, is_closed=is_closed).items():
        at_verb = f"{where}.{verb}"
        known = _FIELDS[verb]
        for subject, fields in _object(subjects, at_verb, known, is_closed=is_closed).items():
            at_subject = f"{at_verb}.{subject}"
            members = _object(fields, at_subject, known[subject], is_closed=is_closed)
            for name, field in members.items():
                action = known[subject][name]
                grants[action] = _grant(action, field, f"{at_subject}.{name}", is_closed=is_closed)
    return grants


def _grant(action: Action, value: object, where: str, *, is_closed: bool) -> Grant:
    if action is Action.DOWNLOAD_FILE:
        return _slug_patterns(value, where, is_closed=is_closed)
    if not isinstance(value, bool):
        raise PolicyError(where, "must be true or false")
    return value


def _token_entry(value: object, where: str, index: int) -> PathPermission:
    members = _object(value, where, ("match", "permissions"), is_closed=False)
    if "match" not in members:
        raise PolicyError(f"{where}.match", "is missing")
    return PathPermission(
        pattern=_match(members["match"], f"{where}.match", is_closed=False),
        grants=_grants(members.get("permissions", {}), f"{where}.permissions", is_closed=False),
        index=index,
    )


def _key_entry(value: object, where: str, index: int) -> PathPermission:
    members = _object(value, where, ("match", "pattern", "permissions"), is_closed=True)
    if ("match" in members) == ("pattern" in members):
        raise PolicyError(where, "needs either `match` or `pattern`")
    if "permissions" not in members:
        raise PolicyError(f"{where}.permissions", "is missing")
    if "match" in members:
        pattern = _match(members["match"], f"{where}.match", is_closed=True)
    else:
        text = _text(members, "pattern", where)
        pattern = parse_pattern_text(text, where=f"{where}.pattern")
    return PathPermission(
        pattern=pattern,
        grants=_grants(members["permissions"], f"{where}.permissions", is_closed=True),
        index=index,
    )


def parse_path_permissions(
    value: object, *, where: str = "pathPermissions", is_token: bool
) -> tuple[PathPermission, ...]:
    """Read a list of path rules; None counts as no rules.

    Args:
        value: decoded JSON or YAML.
        where: position of `value`, with which errors begin.
        is_token: whether a JWT says it (see the module docstring) rather than an API key.

    Raises:
        PolicyError: with the position of the first fault.
    """
    if value is None:
        return ()
    items = _list(value, where, MAX_TOKEN_ENTRIES if is_token else None)
    read = _token_entry if is_token else _key_entry
    entries = tuple(read(item, f"{where}.${index}", index) for index, item in enumerate(items))
    if not is_token:
        _refuse_duplicates(entries, where)
    return entries


def _refuse_duplicates(entries: Iterable[PathPermission], where: str) -> None:
    seen: dict[PathPattern, int] = {}
    for entry in entries:
        first = seen.setdefault(entry.pattern, entry.index)
        if first != entry.index:
            raise PolicyError(
                f"{where}.${entry.index}",
                f"repeats the pattern `{entry.pattern.text}` of {where}.${first}; join the two",
            )


def parse_tag_permissions(
    value: object, *, where: str = "tagPermissions", is_token: bool
) -> TagPatterns | None:
    """Read `{"write": [pattern, …]}`; None when it is absent or says nothing.

    Raises:
        PolicyError: with the position of the first fault.
    """
    if value is None:
        return None
    write = _object(value, where, ("write",), is_closed=not is_token).get("write")
    if write is None:
        return None
    grammar = None if is_token else _TAG_PATTERN
    return _patterns(write, f"{where}.write", grammar, MAX_TAG_PATTERN)


def parse_token_access(
    value: object, *, where: str = "access"
) -> tuple[PathRules, TagPatterns | None]:
    """Read the `access` claim of a JWT; absent or empty, it grants nothing.

    Raises:
        PolicyError: the JWT is invalid as a whole.
    """
    members = (
        {}
        if value is None
        else _object(value, where, ("pathPermissions", "tagPermissions"), is_closed=False)
    )
    entries = parse_path_permissions(
        members.get("pathPermissions"), where=f"{where}.pathPermissions", is_token=True
    )
    tags = parse_tag_permissions(
        members.get("tagPermissions"), where=f"{where}.tagPermissions", is_token=True
    )
    return PathRules(entries), tags


def parse_public_permissions(value: object, *, where: str = "publicPermissions") -> PublicEntries:
    """Read a folder's `publicPermissions`. An empty list is a setting: nothing is public.

    Raises:
        PolicyError: with the position of the first fault.
    """
    items = _list(value, where, MAX_PUBLIC_ENTRIES)
    return PublicEntries(
        tuple(_public_entry(item, f"{where}.${index}") for index, item in enumerate(items))
    )


def _public_entry(value: object, where: str) -> PublicEntry:
    members = _object(value, where, ("scope", "permissions"), is_closed=True)
    scope = _scope(members, where)
    permissions = _nested(members, "permissions", where, "file")
    file = _nested(permissions, "file", f"{where}.permissions", "downloadFile")
    at_slugs = f"{where}.permissions.file.downloadFile"
    if "downloadFile" not in file:
        raise PolicyError(at_slugs, "is missing")
    patterns = _slug_patterns(file["downloadFile"], at_slugs, is_closed=True)
    return PublicEntry(scope, patterns)


def _nested(members: dict[str, object], name: str, where: str, below: str) -> dict[str, object]:
    if name not in members:
        raise PolicyError(f"{where}.{name}", "is missing")
    return _object(members[name], f"{where}.{name}", (below,), is_closed=True)


def path_permissions_to_wire(entries: Iterable[PathPermission]) -> list[dict[str, object]]:
    """The rules in the wire protocol's shape; reading it gives the same rules."""
    return [_entry_to_wire(entry) for entry in entries]


def _entry_to_wire(entry: PathPermission) -> dict[str, object]:
    permissions: dict[str, dict[str, dict[str, object]]] = {}
    for action, grant in entry.grants.items():
        verb, subject, name = action.value.split(".")
        wire: object = list(grant) if isinstance(grant, tuple) else grant
        permissions.setdefault(verb, {}).setdefault(subject, {})[name] = wire
    pattern = entry.pattern
    return {
        "match": {"path": pattern.base_text, "scope": pattern.scope.value},
        "permissions": permissions,
    }


def public_permissions_to_wire(entries: PublicEntries) -> list[dict[str, object]]:
    """A folder's public permissions in the wire protocol's shape, as they were written."""
    return [
        {
            "scope": entry.scope.value,
            "permissions": {"file": {"downloadFile": list(entry.patterns)}},
        }
        for entry in entries.entries
    ]
