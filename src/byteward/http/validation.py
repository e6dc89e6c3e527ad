"""Checks a decoded JSON body against a msgspec struct and reports every fault at once.

Messages and positions have the form that the protocol's clients know: `details` maps a dotted
position (`body.path.fileName`, list indexes as `$0`) to `{message, value}`. Schemas are closed: an
unknown member is a fault. `null` counts as absent, because JavaScript clients send it for unset
fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final, TypeVar

import msgspec
from msgspec import inspect

from byteward.errors import BytewardError, ErrorCode

S = TypeVar("S", bound=msgspec.Struct)

_MAX_SHOWN: Final = 200
_EXACT: Final = 2**53


class Problems:
    """Faults of one request, by position."""

    def __init__(self) -> None:
        self._details: dict[str, dict[str, object]] = {}

    def add(self, where: str, message: str, value: object = None) -> None:
        """Note a fault; the first one of a position stays."""
        fault: dict[str, object] = {"message": message}
        if isinstance(value, str):
            fault["value"] = value[:_MAX_SHOWN]
        elif isinstance(value, bool | int | float):
            fault["value"] = value
        self._details.setdefault(where, fault)

    def check_text(
        self,
        where: str,
        value: str,
        *,
        min_length: int = 0,
        max_length: int,
        pattern: str | None = None,
    ) -> None:
        """Note what is wrong with a text: too short, too long, or not of the pattern."""
        if len(value) < min_length:
            self.add(where, f"minLength {min_length}", value)
        elif len(value) > max_length:
            self.add(where, f"maxLength {max_length}", value)
        elif pattern is not None and not _matches(pattern, value):
            self.add(where, f"Not match in '{pattern}'", value)

    def raise_any(self) -> None:
        """Refuse the request if anything is wrong with it.

        Raises:
            BytewardError: `invalid_request` with every fault.
        """
        if self._details:
            where, fault = next(iter(self._details.items()))
            raise BytewardError(
                ErrorCode.INVALID_REQUEST,
                f"invalid request: {where}: {fault['message']}",
                details=self._details,
            )


def _matches(pattern: str, value: str) -> bool:
    # SECURITY: `$` would let a final line break pass.
    return re.fullmatch(pattern.removeprefix("^").removesuffix("$"), value) is not None


def validate(value: object, schema: type[S], *, where: str = "body") -> S:
    """Convert decoded JSON into `schema`.

    Raises:
        BytewardError: `invalid_request` with every fault.
    """
    problems = Problems()
    checked = _check(value, struct_info(schema), where, problems)
    problems.raise_any()
    return msgspec.convert(checked, schema)


@cache
def struct_info(schema: type[msgspec.Struct]) -> inspect.StructType:
    """What msgspec knows of a struct; looked up once."""
    kind = inspect.type_info(schema)
    if not isinstance(kind, inspect.StructType):
        raise TypeError(schema)
    return kind


def without_metadata(kind: inspect.Type) -> inspect.Type:
    """A type without the texts and examples that only documents need."""
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    return kind


def _check(value: object, kind: inspect.Type, where: str, problems: Problems) -> object:
    """The value without nulls, its faults noted."""
    kind = without_metadata(kind)
    match kind:
        case inspect.StructType():
            return _check_struct(value, kind, where, problems)
        case inspect.UnionType():
            return _check_union(value, kind.types, where, problems)
        case inspect.ListType() | inspect.VarTupleType():
            return _check_list(value, kind, where, problems)
        case inspect.IntType():
            value = _integral(value)
            _check_int(value, kind, where, problems)
        case _:
            _check_plain(value, kind, where, problems)
    return value


def _check_plain(value: object, kind: inspect.Type, where: str, problems: Problems) -> None:
    match kind:
        case inspect.StrType():
            _check_str(value, kind, where, problems)
        case inspect.BoolType() if not isinstance(value, bool):
            problems.add(where, "invalid boolean value", value)
        case inspect.DictType() if not isinstance(value, dict):
            problems.add(where, "invalid object", value)
        case inspect.EnumType():
            _check_choice(value, [member.value for member in kind.cls], where, problems)
        case inspect.LiteralType():
            _check_choice(value, kind.values, where, problems)
        case _:
            pass  # `object`: the operation looks at it


def _check_union(
    value: object, kinds: Sequence[inspect.Type], where: str, problems: Problems
) -> object:
    tagged = _by_tag(kinds)
    if tagged and isinstance(value, dict):
        return _check_tagged(value, tagged, where, problems)
    return _check(value, _choose(value, kinds), where, problems)


def _choose(value: object, kinds: Sequence[inspect.Type]) -> inspect.Type:
    """The member of a union that speaks of values like this one."""
    wanted = inspect.StructType if isinstance(value, dict) else inspect.StrType
    known = [
        kind for kind in map(without_metadata, kinds) if not isinstance(kind, inspect.NoneType)
    ]
    return next((kind for kind in known if isinstance(kind, wanted)), known[0])


def _check_tagged(
    value: dict[str, object],
    kinds: Mapping[object, inspect.StructType],
    where: str,
    problems: Problems,
) -> object:
    """Check an object against the member of a tagged union that its tag names."""
    field = next(iter(kinds.values())).tag_field or ""
    tag = value.get(field)
    if tag is None:
        problems.add(f"{where}.{field}", f"'{field}' is required")
        return value
    if not isinstance(tag, str) or tag not in kinds:
        _check_choice(tag, list(kinds), f"{where}.{field}", problems)
        return value
    rest = {name: member for name, member in value.items() if name != field}
    checked = _check_struct(rest, kinds[tag], where, problems)
    return {field: tag, **checked} if isinstance(checked, dict) else checked


def _by_tag(kinds: Sequence[inspect.Type]) -> dict[object, inspect.StructType]:
    return {
        kind.tag: kind
        for kind in kinds
        if isinstance(kind, inspect.StructType) and kind.tag is not None
    }


def _check_struct(
    value: object, kind: inspect.StructType, where: str, problems: Problems
) -> object:
    if not isinstance(value, dict):
        problems.add(where, "invalid object", value)
        return value
    present = {name: member for name, member in value.items() if member is not None}
    fields = {field.encode_name: field for field in kind.fields}
    for name in value:
        if name not in fields:
            shown = name[:_MAX_SHOWN]
            message = f'"{shown}" is an excess property and therefore is not allowed'
            problems.add(f"{where}.{shown}", message)
    checked: dict[str, object] = {}
    for name, field in fields.items():
        if name in present:
            checked[name] = _check(present[name], field.type, f"{where}.{name}", problems)
        elif field.required:
            problems.add(f"{where}.{name}", f"'{name}' is required")
    return checked


def _check_list(
    value: object, kind: inspect.ListType | inspect.VarTupleType, where: str, problems: Problems
) -> object:
    if not isinstance(value, list):
        problems.add(where, "invalid array", value)
        return value
    if kind.min_length is not None and len(value) < kind.min_length:
        problems.add(where, f"minItems {kind.min_length}")
    if kind.max_length is not None and len(value) > kind.max_length:
        problems.add(where, f"maxItems {kind.max_length}")
        return value
    return [
        _check(item, kind.item_type, f"{where}.${index}", problems)
        for index, item in enumerate(value)
    ]


def _check_str(value: object, kind: inspect.StrType, where: str, problems: Problems) -> None:
    if not isinstance(value, str):
        problems.add(where, "invalid string value", value)
        return
    longest = kind.max_length if kind.max_length is not None else len(value)
    problems.check_text(
        where,
        value,
        min_length=kind.min_length or 0,
        max_length=longest,
        pattern=kind.pattern,
    )


def _integral(value: object) -> object:
    """`5.0` is the integer 5 to JSON Schema, as long as a float holds it exactly."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT:
        return int(value)
    return value


def _check_int(value: object, kind: inspect.IntType, where: str, problems: Problems) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        problems.add(where, "invalid integer number", value)
    elif kind.ge is not None and value < kind.ge:
        problems.add(where, f"min {kind.ge}", value)
    elif kind.le is not None and value > kind.le:
        problems.add(where, f"max {kind.le}", value)


def _check_choice(value: object, choices: Sequence[object], where: str, problems: Problems) -> None:
    if value not in choices or isinstance(value, bool):
        known = ",".join(map(str, choices))
        problems.add(where, f"should be one of the following; [{known}]", value)
