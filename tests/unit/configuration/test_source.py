"""Reading JSON and YAML: the same values, nothing that makes objects, and positions in errors."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from byteward.configuration import source as source_module
from byteward.configuration.export import document_to_yaml
from byteward.configuration.source import DocumentError, Problem, Problems, Source, path_text

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_TRICKY = st.sampled_from(
    [
        "no",
        "yes",
        "on",
        "null",
        "~",
        "",
        "1e5",
        "12:30",
        "1_000",
        "0x1F",
        "-",
        "=",
        "<<",
        "2024-01-01",
    ]
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(-1e9, 1e9, allow_nan=False)
    | _TEXT
    | _TRICKY
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT | _TRICKY, inner, max_size=4),
    max_leaves=12,
)
_DOCUMENTS = st.dictionaries(_TEXT | _TRICKY, _VALUES, min_size=1, max_size=4)


def problem(text: str) -> Problem:
    with pytest.raises(DocumentError) as caught:
        Source(text)
    return caught.value.problems[0]


@given(_DOCUMENTS)
def test_what_is_written_as_yaml_reads_back_as_it_was(document: dict[str, object]) -> None:
    assert Source(document_to_yaml(document)).value == document


@given(_DOCUMENTS, st.sampled_from([None, 1, "\t"]))
def test_json_reads_as_json_in_any_layout(
    document: dict[str, object], indent: int | str | None
) -> None:
    assert Source(json.dumps(document, indent=indent)).value == document
    assert Source("\ufeff" + json.dumps(document, ensure_ascii=False)).value == document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", "no"),
        ("a: 12:30", "12:30"),
        ("a: 2024-01-01", "2024-01-01"),
        ("a: 0x1F", "0x1F"),
        ("a: 1_000", "1_000"),
        ("a: 007", "007"),
        ("a: true", True),
        ("a: ~", None),
        ("a:", None),
        ("a: -5", -5),
        ("a: 1.5", 1.5),
        ("a: !!str 5", "5"),
        ("a: '5'", "5"),
        ("a: .inf", ".inf"),
        ('{"a": "\\ud83d\\ude00"}', "😀"),
        ("a: 😀", "😀"),
        ("x: &x [1]\na: *x", [1]),
    ],
)
def test_yaml_scalars_follow_the_core_schema(text: str, value: object) -> None:
    read = Source(text).value
    assert isinstance(read, dict)
    assert read["a"] == value
    assert type(read["a"]) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1),
        ('{"a": 1,\n "a": 2}', 2, 2),
        ("a:\n  - !!python/object:os.system x", 2, 5),
        ("a: !private x", 1, 4),
        ("? [1]\n: 2", 1, 3),
        ("a: &x [*x]", 1, 4),
    ],
)
def test_what_is_not_taken_is_named_with_its_place(text: str, line: int, column: int) -> None:
    found = problem(text)
    assert (found.line, found.column) == (line, column)


@pytest.mark.parametrize(
    "text", ["", "   \n", "# only a comment", "a: \x00", "[" * 100_000, "a: b: c"]
)
def test_text_that_is_no_document_is_a_problem_and_no_other_error(text: str) -> None:
    assert problem(text).message


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
@pytest.mark.parametrize("text", ['a: "\\ud800"', '"\\ud800": 1', "a: [", "a: {b"])
def test_both_loaders_refuse_what_neither_can_read(
    text: str, loader: type[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "_Loader", loader)
    assert problem(text).line > 0


def test_position_is_found_beside_tabs_and_characters_outside_the_basic_plane() -> None:
    source = Source('{"a": "\\ud83d\\ude00",\n\t"b": {"c":\t1}}')
    found = source.problem(("b", "c"), "x")
    assert (found.line, found.column) == (2, 13)


def test_aliases_that_multiply_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "too many" in problem("\n".join(lines)).message


def test_position_is_that_of_the_nearest_part_that_exists() -> None:
    source = Source("a:\n  - b: 1\n    c: 2\n")
    assert (source.problem(("a", 0, "c"), "x").line, source.problem(("a", 0), "x").line) == (3, 2)
    missing = source.problem(("a", 0, "nothing", "there"), "x")
    assert (missing.line, missing.where) == (2, "a[0].nothing.there")
    assert source.problem(("a", 7), "x").line == 2


def test_problems_collect_under_their_paths() -> None:
    problems = Problems(Source("a: [{b: 1}]"))
    problems.raise_any()
    problems.under("a", 0).add(("b",), "is wrong")
    problems.add(("a",), "too")
    with pytest.raises(DocumentError) as caught:
        problems.raise_any()
    assert str(caught.value) == "line 1, column 9: a[0].b: is wrong\nline 1, column 4: a: too"


def test_path_reads_as_people_write_it() -> None:
    assert path_text(("accounts", 0, "apiKeys", 1, "kind")) == "accounts[0].apiKeys[1].kind"
    assert path_text(()) == ""
