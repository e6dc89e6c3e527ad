"""Which path an upload gets: from a path definition, templates and what is taken (pure).

`plan_path` does what needs no storage: defaults, joins, variables. `choose_path` runs inside the
transaction that writes, with a look at what exists, and settles fallback and unique digits there;
a path found free earlier proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from byteward.accounts.model import UploadLocation
from byteward.errors import BytewardError, ErrorCode
from byteward.files.mime import default_extension
from byteward.files.path_variables import (
    Piece,
    RandomDigits,
    Template,
    expand,
    has_unique_digits,
    longest_original_name,
    render,
    split_original_name,
    variable_values,
)
from byteward.paths import MAX_CODE_POINTS, MAX_UTF8_BYTES, FilePath

MAX_ATTEMPTS: Final = 20
"""How many sets of unique digits are tried before the path counts as taken."""

_DEFAULT_NAME: Final = "file"


@dataclass(frozen=True, slots=True)
class DynamicPath:
    """A path definition of the object form; None means "as the API key says"."""

    folder_path: str | None = None
    file_name: str | None = None
    file_name_fallback: str | None = None
    file_name_variables_enabled: bool = True
    folder_path_variables_enabled: bool = True


PathDefinition = str | DynamicPath
"""A literal path (absolute, or relative to the API key's folder), or templates."""


@dataclass(frozen=True, slots=True)
class UploadedName:
    """What variables are made of besides the time: the file's own name, if known, and its type."""

    original_file_name: str | None
    mime: str


@dataclass(frozen=True, slots=True)
class PathPlan:
    """A resolved definition: the wanted path and, if given, the one to use when it is taken."""

    wanted: Template
    fallback: Template | None = None


@dataclass(frozen=True, slots=True)
class ChosenPath:
    """Where the file goes.

    Attributes:
        path: the final path.
        exists: whether a file is there now, so that writing overwrites it.
        is_create_only: the template asks for unique digits; such a path is never overwritten.
    """

    path: FilePath
    exists: bool
    is_create_only: bool


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What stands at a path: a file, or the reservation of an upload that is still running."""

    has_file: bool
    is_reserved: bool = False

    @property
    def is_taken(self) -> bool:
        """Whether a fallback is due, and unique digits have to be drawn again."""
        return self.has_file or self.is_reserved


def plan_path(
    definition: PathDefinition, defaults: UploadLocation, name: UploadedName, now_ms: int
) -> PathPlan:
    """Resolve `definition` as far as it goes without looking at storage.

    Raises:
        BytewardError: `invalid_path_variable`.
    """
    values = variable_values(now_ms, *_name_and_extension(name))
    if isinstance(definition, str) and definition.startswith("/"):
        return PathPlan((definition,))
    default_folder = _absolute(expand(defaults.folder_path, values))
    if isinstance(definition, str) and definition:
        return PathPlan(_join(default_folder, (definition,)))
    dynamic = DynamicPath() if isinstance(definition, str) else definition

    folder = _folder(dynamic, default_folder, values)
    expanded = dynamic.file_name_variables_enabled
    if dynamic.file_name:
        file_name = _literal_or_expanded(dynamic.file_name, values, enabled=expanded)
    else:
        file_name = expand(defaults.file_name, values)
    fallback = None
    if dynamic.file_name_fallback:
        name_instead = _literal_or_expanded(dynamic.file_name_fallback, values, enabled=expanded)
        fallback = _join(folder, name_instead)
    return PathPlan(_join(folder, file_name), fallback)


def choose_path(
    plan: PathPlan, occupancy: Callable[[FilePath], Occupancy], digits: RandomDigits
) -> ChosenPath:
    """Settle the final path against what is there.

    Raises:
        BytewardError: `invalid_path`; `path_taken` when no unique digits give a free path.
    """
    chosen = _settle(plan.wanted, occupancy, digits)
    if chosen is not None and (plan.fallback is None or not occupancy(chosen.path).is_taken):
        return chosen
    if plan.fallback is not None:
        chosen = _settle(plan.fallback, occupancy, digits)
    if chosen is None:
        raise BytewardError(
            ErrorCode.PATH_TAKEN,
            f"no free path was found in {MAX_ATTEMPTS} attempts; use more unique digits",
        )
    return chosen


def first_candidate(plan: PathPlan, digits: RandomDigits) -> FilePath:
    """A path such as the plan makes, for decisions before anything is read.

    Raises:
        BytewardError: `invalid_path`.
    """
    return creatable(_render_within_limits(plan.wanted, digits))


def creatable(text: str) -> FilePath:
    """Parse the path of a file that is to be written.

    Raises:
        BytewardError: `invalid_path`; a path that ends in `/` names no file.
    """
    path = FilePath.parse(text)
    if not path.has_name:
        raise BytewardError(
            ErrorCode.INVALID_PATH,
            "invalid path: it ends in `/`, so the file has no name",
            details={"path": path.text, "reason": "a file needs a name"},
        )
    return path


def _settle(
    template: Template, occupancy: Callable[[FilePath], Occupancy], digits: RandomDigits
) -> ChosenPath | None:
    if not has_unique_digits(template):
        path = creatable(_render_within_limits(template, digits))
        return ChosenPath(path, occupancy(path).has_file, is_create_only=False)
    for _ in range(MAX_ATTEMPTS):
        path = creatable(_render_within_limits(template, digits))
        if not occupancy(path).is_taken:
            return ChosenPath(path, exists=False, is_create_only=True)
    return None


def _render_within_limits(template: Template, digits: RandomDigits) -> str:
    """Cut the original file name, and nothing else, until the path is short enough."""
    text = render(template, digits)
    name_length = longest_original_name(template)
    while name_length > 1 and _excess(text) > 0:
        # A character takes up to four bytes, so a quarter of the excess never cuts too much.
        name_length = max(1, name_length - max(1, _excess(text) // 4))
        text = render(template, digits, name_length=name_length)
    return text


def _excess(text: str) -> int:
    size_bytes = len(text.encode("utf-8", "surrogatepass"))
    return max(len(text) - MAX_CODE_POINTS, size_bytes - MAX_UTF8_BYTES)


def _name_and_extension(name: UploadedName) -> tuple[str, str]:
    if name.original_file_name is None:
        return _DEFAULT_NAME, default_extension(name.mime)
    return split_original_name(name.original_file_name)


def _folder(
    dynamic: DynamicPath, default_folder: Template, values: Mapping[str, Piece]
) -> Template:
    if dynamic.folder_path is None:
        return default_folder
    own = _literal_or_expanded(
        dynamic.folder_path, values, enabled=dynamic.folder_path_variables_enabled
    )
    if _is_absolute(own):
        return _absolute(own)
    return _join(default_folder, _without_trailing_slash(own))


def _literal_or_expanded(text: str, values: Mapping[str, Piece], *, enabled: bool) -> Template:
    if enabled:
        return expand(text, values)
    return (text,) if text else ()


def _is_absolute(template: Template) -> bool:
    return bool(template) and isinstance(template[0], str) and template[0].startswith("/")


def _without_trailing_slash(template: Template) -> Template:
    if template and isinstance(template[-1], str) and template[-1].endswith("/"):
        return (*template[:-1], template[-1][:-1])
    return template


def _absolute(folder: Template) -> Template:
    """The folder without its trailing slash, the root as nothing, anything else from the root."""
    folder = _without_trailing_slash(folder)
    if not any(piece != "" for piece in folder):
        return ()
    return folder if _is_absolute(folder) else ("/", *folder)


def _join(folder: Template, rest: Template) -> Template:
    return (*folder, "/", *rest) if rest else folder
