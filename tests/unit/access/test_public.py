from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from byteward.access.model import PublicPermissions
from byteward.access.public import PublicEntries, PublicEntry, nearest_public, public_slugs
from byteward.access.rules import Scope
from tests.unit.access.builders import public_at
from tests.unit.access.strategies import PATHS, SLUG_LISTS

ALL = PublicEntries((PublicEntry(Scope.CHILDREN, ("*",)), PublicEntry(Scope.GRANDCHILDREN, ("*",))))
PRIVATE = PublicEntries()


def test_nearest_defining_folder_decides() -> None:
    levels = [((), ALL), (("private",), PRIVATE), (("private", "deep"), None)]
    nearest = nearest_public(levels, ("private", "deep"))
    assert nearest == PublicPermissions(("private",), (), ())


def test_child_folder_opens_what_its_parent_closes() -> None:
    levels = [((), ALL), (("private",), PRIVATE), (("private", "open"), ALL)]
    nearest = nearest_public(levels, ("private", "open"))
    assert public_slugs(nearest, ("private", "open", "o.jpg")) == ("*",)


def test_nothing_defined_up_to_the_root_is_private() -> None:
    assert nearest_public([((), None), (("a",), None)], ("a",)) is None
    assert nearest_public([], ("a",)) is None
    assert public_slugs(None, ("a", "b")) == ()


def test_order_of_levels_is_irrelevant() -> None:
    levels = [((), ALL), (("a",), PRIVATE)]
    assert nearest_public(levels, ("a",)) == nearest_public(levels[::-1], ("a",))


def test_folders_that_are_not_above_the_file_are_ignored() -> None:
    levels = [(("a",), PRIVATE), (("ab",), ALL), (("a", "b"), ALL), (("b",), ALL)]
    assert nearest_public(levels, ("a",)) == PublicPermissions(("a",), (), ())


def test_defining_folder_without_the_scope_does_not_fall_through() -> None:
    mixed = PublicEntries((PublicEntry(Scope.CHILDREN, ("*",)),))
    nearest = nearest_public([((), ALL), (("mixed",), mixed)], ("mixed", "s"))
    assert public_slugs(nearest, ("mixed", "s", "t.jpg")) == ()
    assert public_slugs(nearest, ("mixed", "n.jpg")) == ("*",)


def test_file_below_the_folder_with_the_empty_name_is_a_grandchild_of_the_root() -> None:
    root = PublicEntries((PublicEntry(Scope.GRANDCHILDREN, ("image",)),))
    nearest = nearest_public([((), root)], ("",))
    assert public_slugs(nearest, ("", "x")) == ("image",)


def test_entries_of_one_scope_add_up() -> None:
    entries = PublicEntries(
        tuple(PublicEntry(Scope.CHILDREN, (slug,)) for slug in ("raw", "image", "raw"))
    )
    assert entries.patterns(Scope.CHILDREN) == ("raw", "image")


def test_scope_this_makes_no_file_public() -> None:
    this = PublicEntries((PublicEntry(Scope.THIS, ("*",)),))
    assert this.at(("a",)) == PublicPermissions(("a",), (), ())


def test_unreadable_setting_is_defined_and_makes_nothing_public() -> None:
    broken = PublicEntries(ALL.entries, defect="not a list")
    nearest = nearest_public([((), ALL), (("a",), broken)], ("a",))
    assert nearest == PublicPermissions(("a",), (), (), defect="not a list")


def test_setting_of_another_folder_grants_nothing() -> None:
    setting = public_at("/a", children=("*",), grandchildren=("*",))
    assert public_slugs(setting, ("b", "f")) == ()
    assert public_slugs(setting, ("ab", "f")) == ()
    assert public_slugs(setting, ("a",)) == ()
    assert public_slugs(setting, ()) == ()


@given(st.dictionaries(PATHS, st.none() | SLUG_LISTS, max_size=5), PATHS.filter(bool))
def test_nearest_equals_walking_up_folder_by_folder(
    folders: dict[tuple[str, ...], tuple[str, ...] | None], file: tuple[str, ...]
) -> None:
    levels = [
        (
            folder,
            None if slugs is None else PublicEntries((PublicEntry(Scope.CHILDREN, slugs),)),
        )
        for folder, slugs in folders.items()
    ]
    expected: tuple[str, ...] = ()
    for length in range(len(file) - 1, -1, -1):
        defined = folders.get(file[:length])
        if defined is not None:
            expected = tuple(dict.fromkeys(defined)) if length == len(file) - 1 else ()
            break
    assert public_slugs(nearest_public(levels, file[:-1]), file) == expected
