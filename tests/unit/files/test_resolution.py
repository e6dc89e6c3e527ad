"""Which path an upload gets."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.accounts.model import UploadLocation
from byteward.errors import BytewardError, ErrorCode
from byteward.files.resolution import (
    ChosenPath,
    DynamicPath,
    Occupancy,
    PathDefinition,
    UploadedName,
    choose_path,
    first_candidate,
    plan_path,
)
from byteward.paths import FilePath

NOW_MS = 1716666258683
KEY = UploadLocation(
    "/uploads/{UTC_YEAR}/{UTC_MONTH}/{UTC_DAY}", "{ORIGINAL_FILE_NAME}{ORIGINAL_FILE_EXT}"
)
PHOTO = UploadedName("photo.jpg", "image/jpeg")


def occupied(*taken: str, reserved: tuple[str, ...] = ()) -> Callable[[FilePath], Occupancy]:
    return lambda path: Occupancy(path.text in taken, path.text in reserved)


def digits() -> Callable[[int], str]:
    numbers = itertools.count(1)
    return lambda count: f"{next(numbers):0{count}}"


def choose(
    definition: PathDefinition,
    *taken: str,
    reserved: tuple[str, ...] = (),
    name: UploadedName = PHOTO,
    key: UploadLocation = KEY,
) -> ChosenPath:
    plan = plan_path(definition, key, name, NOW_MS)
    return choose_path(plan, occupied(*taken, reserved=reserved), digits())


def path_of(definition: PathDefinition, *taken: str, name: UploadedName = PHOTO) -> str:
    return choose(definition, *taken, name=name).path.text


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ("", "/uploads/2024/05/25/photo.jpg"),
        (DynamicPath(), "/uploads/2024/05/25/photo.jpg"),
        ("rel/x.txt", "/uploads/2024/05/25/rel/x.txt"),
        ("/{UTC_DATE}", "/{UTC_DATE}"),
        (DynamicPath(folder_path="/f"), "/f/photo.jpg"),
        (DynamicPath(folder_path="/f/"), "/f/photo.jpg"),
        (DynamicPath(folder_path="/"), "/photo.jpg"),
        (DynamicPath(folder_path="sub"), "/uploads/2024/05/25/sub/photo.jpg"),
        (DynamicPath(folder_path="sub/"), "/uploads/2024/05/25/sub/photo.jpg"),
        (DynamicPath(file_name="n.bin"), "/uploads/2024/05/25/n.bin"),
        (DynamicPath(folder_path="/d", file_name="{UTC_DATE}.txt"), "/d/2024-05-25.txt"),
        (
            DynamicPath("/d", "{UTC_DATE}.txt", file_name_variables_enabled=False),
            "/d/{UTC_DATE}.txt",
        ),
        (
            DynamicPath("/{UTC_DATE}", "n", folder_path_variables_enabled=False),
            "/{UTC_DATE}/n",
        ),
    ],
)
def test_definition_resolves(definition: PathDefinition, expected: str) -> None:
    assert path_of(definition) == expected


def test_file_without_a_name_is_called_file_with_its_types_extension() -> None:
    assert path_of("", name=UploadedName(None, "image/jpeg")).endswith("/file.jpeg")
    assert path_of("", name=UploadedName(None, "application/octet-stream")).endswith("/file")


def test_fallback_is_used_when_the_wanted_path_is_taken_or_reserved() -> None:
    definition = DynamicPath("/d", "a", "b")
    assert path_of(definition) == "/d/a"
    assert path_of(definition, "/d/a") == "/d/b"
    assert choose(definition, reserved=("/d/a",)).path.text == "/d/b"


def test_taken_fallback_is_overwritten_like_any_path() -> None:
    chosen = choose(DynamicPath("/d", "a", "b"), "/d/a", "/d/b")
    assert (chosen.path.text, chosen.exists, chosen.is_create_only) == ("/d/b", True, False)


def test_reservation_alone_does_not_count_as_a_file() -> None:
    assert not choose("/d/a", reserved=("/d/a",)).exists


def test_unique_digits_are_drawn_until_the_path_is_free() -> None:
    chosen = choose(DynamicPath("/d", "{UNIQUE_DIGITS_2}"), "/d/01", reserved=("/d/02",))
    assert (chosen.path.text, chosen.exists, chosen.is_create_only) == ("/d/03", False, True)


def test_unique_digits_give_up_after_twenty_attempts() -> None:
    plan = plan_path(DynamicPath("/d", "{UNIQUE_DIGITS_1}"), KEY, PHOTO, NOW_MS)
    attempts: list[int] = []

    def draw(count: int) -> str:
        attempts.append(count)
        return "x" * count

    with pytest.raises(BytewardError) as caught:
        choose_path(plan, lambda _: Occupancy(has_file=True), draw)
    assert caught.value.code is ErrorCode.PATH_TAKEN
    assert len(attempts) == 20


@pytest.mark.parametrize(
    "definition",
    [
        "/a/../b",
        "/a/./b",
        "a/..",
        "/a/",
        "/",
        "/\x00",
        "/" + "a" * 512,
        DynamicPath(folder_path="/a/.."),
        DynamicPath(folder_path="../x"),
        DynamicPath(folder_path="/d", file_name=".."),
    ],
)
def test_path_against_the_rules_is_refused(definition: PathDefinition) -> None:
    with pytest.raises(BytewardError) as caught:
        choose(definition)
    assert caught.value.code is ErrorCode.INVALID_PATH


def test_path_of_512_characters_is_kept() -> None:
    assert path_of("/" + "a" * 511) == "/" + "a" * 511


def test_hostile_original_name_stays_in_its_folder() -> None:
    path = choose("", name=UploadedName("../../etc/passwd", "text/plain")).path
    assert path.parent.text == "/uploads/2024/05/25"


@given(st.text(min_size=1, max_size=255), st.integers(1, 230))
def test_long_original_names_are_cut_to_fit(original: str, depth: int) -> None:
    key = UploadLocation("/" + "d/" * depth, "x{ORIGINAL_FILE_NAME}")
    plan = plan_path("", key, UploadedName(original, "a/b"), NOW_MS)
    path = first_candidate(plan, digits())
    assert len(path.text) <= 512
    assert len(path.text.encode()) <= 1536
