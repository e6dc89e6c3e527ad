"""ListFolder: pages against a slow oracle, and what callers without every right are shown."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api_plane import BASE, Plane, api_plane
from tests.asgi_client import Response
from tests.integration.files.stored_tree import Columns, Segments, store_tree
from tests.oracles.access_oracle import oracle_allows

LIST: Final = "read.folder.listFolderChildren"
STORED: Final[Columns] = {
    "description": "D",
    "public_permissions": "[]",
    "storage_layer": '{"type":"InternalStorageV2"}',
}
SHOWN: Final[Mapping[str, tuple[str, object]]] = {
    "description": ("getFolderDescription", "D"),
    "publicPermissions": ("getFolderPublicPermissions", []),
    "storageLayer": ("getFolderStorageLayer", {"type": "InternalStorageV2"}),
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def fill(
    plane: Plane, paths: set[Segments], made: Mapping[Segments, Columns] | None = None
) -> None:
    database = plane.services.publication.database
    plane.run(database.write(lambda conn: store_tree(conn, paths, made)))


def list_folder(plane: Plane, path: str, *, key: str = "SK", **query: object) -> Response:
    pairs = "".join(f"&{name}={quote(str(value), safe='')}" for name, value in query.items())
    target = f"{BASE}/folders/list?folderPath={quote(path, safe='')}{pairs}"
    return plane.call("GET", target, key=key)


def names(page: Any) -> list[str]:  # noqa: ANN401 - a body
    return [item.get("filePath") or item["folderPath"] for item in page["items"]]


def every_item(plane: Plane, path: str, *, key: str = "SK", **query: object) -> list[Any]:
    """The items of all pages."""
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = list_folder(plane, path, key=key, **query, **cursor)
        assert answer.status == 200, answer.body
        items += answer.json["items"]
        if answer.json["isPaginationComplete"]:
            return items
        assert cursor.get("cursor") != answer.json["cursor"]
        cursor["cursor"] = answer.json["cursor"]


class Oracle:
    """The listing by the book: every entry, asked about one by one."""

    def __init__(
        self,
        paths: set[Segments],
        made: Mapping[Segments, Columns],
        rules: list[Any],
    ) -> None:
        self.files = paths
        self.made = made
        self.rules = rules
        parents = {path[:-1] for path in paths} | set(made)
        self.folders = {path[:depth] for path in parents for depth in range(1, len(path) + 1)}

    def may(self, field: str, folder: Segments) -> bool:
        jwt = {"access": {"pathPermissions": self.rules}}
        path = "/" + "/".join(folder)
        request = {"principal": {"jwt": jwt}, "folders": {}, "field": field, "path": path}
        return oracle_allows(request)

    def is_reached(self, entry: Segments, base: Segments, *, recursive: bool) -> bool:
        if entry[: len(base)] != base or len(entry) <= len(base):
            return False
        parents = [entry[:depth] for depth in range(len(base), len(entry))]
        return (recursive or len(parents) == 1) and all(self.may(LIST, each) for each in parents)

    def settings(self, folder: Segments) -> dict[str, object]:
        return {
            name: value
            for name, (right, value) in SHOWN.items()
            if self.made.get(folder) and self.may(f"read.folder.{right}", folder)
        }

    def items(self, base: Segments, *, recursive: bool) -> list[tuple[str, object]]:
        found: list[tuple[str, str, object]] = []
        for file in self.files:
            if self.is_reached(file, base, recursive=recursive):
                path = "/" + "/".join(file)
                found.append((path, path, len(file)))
        for folder in self.folders:
            is_wanted = folder in self.made or not recursive
            if is_wanted and self.is_reached(folder, base, recursive=recursive):
                path = "/" + "/".join(folder)
                found.append((path + "/", path, self.settings(folder)))
        return [
            (path, value) for _, path, value in sorted(found, key=lambda each: each[0].encode())
        ]


_names = st.sampled_from(["a", "a-", "a.", "b", "", "é"])
_folders = st.lists(_names, max_size=3).map(tuple).filter(lambda path: path[:1] != ("",))
_files = st.tuples(_folders, _names.filter(bool)).map(lambda pair: (*pair[0], pair[1]))
_made = st.dictionaries(_folders.filter(bool), st.sampled_from([{}, STORED]), max_size=5)
_grants = st.fixed_dictionaries(
    {},
    optional={
        name: st.booleans()
        for name in ("listFolderChildren", *(right for right, _ in SHOWN.values()))
    },
)
_rules = st.lists(
    st.builds(
        lambda base, scope, folder: {
            "match": {"path": "/" + "/".join(base), "scope": scope},
            "permissions": {"read": {"folder": folder}},
        },
        _folders.filter(lambda path: path[-1:] != ("",)),
        st.sampled_from(["This", "Children", "Grandchildren+"]),
        _grants,
    ),
    max_size=5,
)
_everywhere = st.just(
    [
        {
            "match": {"path": "/", "scope": scope},
            "permissions": {"read": {"folder": {"listFolderChildren": True}}},
        }
        for scope in ("This", "Children", "Grandchildren+")
    ]
)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    paths=st.sets(_files, max_size=15),
    made=_made,
    rules=st.one_of(_rules, st.tuples(_rules, _everywhere).map(lambda pair: pair[0] + pair[1])),
    base=_folders.filter(lambda path: path[-1:] != ("",)),
    recursive=st.booleans(),
    limit=st.integers(1, 9),
)
def test_list_is_filter_by_check_for_pages_of_any_size(
    shared: Plane,
    paths: set[Segments],
    made: dict[Segments, Columns],
    rules: list[Any],
    base: Segments,
    recursive: bool,
    limit: int,
) -> None:
    fill(shared, paths, made)
    oracle = Oracle(paths, made, rules)
    shared.keys["J"] = shared.jwt({"pathPermissions": rules})
    path = "/" + "/".join(base)
    flag = str(recursive).lower()
    if not oracle.may(LIST, base):
        assert list_folder(shared, path, key="J", recursive=flag).status == 403
        return
    items = every_item(shared, path, key="J", recursive=flag, limit=limit)
    shown = [
        (item["filePath"], item["size"])
        if item["type"] == "File"
        else (item["folderPath"], item["settings"])
        for item in items
    ]
    assert shown == oracle.items(base, recursive=recursive)


def test_a_cursor_inside_a_folder_that_may_not_be_listed_shows_nothing_of_it(
    plane: Plane,
) -> None:
    fill(plane, {("a", "closed", "x"), ("a", "closed", "y"), ("a", "open", "z"), ("b",)})
    rules = [
        {
            "match": {"path": path, "scope": scope},
            "permissions": {"read": {"folder": {"listFolderChildren": listed}}},
        }
        for path, scope, listed in (
            ("/", "This", True),
            ("/", "Children", True),
            ("/", "Grandchildren+", True),
            ("/a/closed", "This", False),
        )
    ]
    plane.keys["J"] = plane.jwt({"pathPermissions": rules})
    for cursor in ("/a/closed/", "/a/closed/x", "/a/closed/deeper/than/it/is"):
        found = list_folder(plane, "/", key="J", recursive="true", cursor=cursor).json
        assert names(found) == ["/a/open/z", "/b"]


def test_the_listed_folder_shows_its_own_settings_as_far_as_they_may_be_read(
    plane: Plane,
) -> None:
    fill(plane, set(), {("n",): STORED})
    folder = {"listFolderChildren": True, "getFolderDescription": True}
    match = {"path": "/n", "scope": "This"}
    rules = [{"match": match, "permissions": {"read": {"folder": folder}}}]
    plane.keys["J"] = plane.jwt({"pathPermissions": rules})
    assert list_folder(plane, "/n", key="J").json["folder"]["settings"] == {"description": "D"}
    assert len(list_folder(plane, "/n").json["folder"]["settings"]) == 3


def test_permission_is_decided_before_the_cursor_and_the_folder_are_looked_at(
    plane: Plane,
) -> None:
    fill(plane, {("there", "x")})
    for path in ("/there", "/missing"):
        refused = list_folder(plane, path, key="PK", cursor="/elsewhere")
        assert refused.status == 403
        assert refused.json["error"]["details"] == {"path": path, "permission": LIST}


def test_a_trailing_slash_counts_where_a_virtual_folder_has_it(plane: Plane) -> None:
    fill(plane, {("n", "x"), ("n", "", "y"), ("m", "", "z")}, {("n", ""): {}})
    assert list_folder(plane, "/n/").json["folder"]["folderPath"] == "/n/"
    assert names(list_folder(plane, "/n/").json) == ["/n//y"]
    assert names(list_folder(plane, "/n").json) == ["/n/", "/n/x"]
    assert list_folder(plane, "/m/").json["folder"]["folderPath"] == "/m"


def test_a_trailing_slash_is_dropped_for_callers_who_may_only_list_the_folder_without(
    plane: Plane,
) -> None:
    fill(plane, {("n", "x"), ("n", "", "y")}, {("n", ""): {}})
    rights = {"read": {"folder": {"listFolderChildren": True}}}
    rules = [{"match": {"path": "/n", "scope": "This"}, "permissions": rights}]
    plane.keys["J"] = plane.jwt({"pathPermissions": rules})
    assert names(list_folder(plane, "/n/", key="J").json) == ["/n/", "/n/x"]


def test_an_unfinished_upload_is_not_listed(plane: Plane) -> None:
    body = {"size": 3, "protocol": "1.1", "path": "/u/x"}
    assert plane.send_json("POST", f"{BASE}/uploads", body).status == 200
    assert list_folder(plane, "/u").json["items"] == []


@pytest.mark.parametrize("recursive", ["true", "false"])
def test_a_full_page_is_the_last_one_when_nothing_is_left(plane: Plane, recursive: str) -> None:
    fill(plane, {("a",), ("b",)})
    page = list_folder(plane, "/", limit=2, recursive=recursive).json
    assert (len(page["items"]), page["isPaginationComplete"]) == (2, True)


def test_an_expired_file_is_scanned_and_not_listed(plane: Plane) -> None:
    fill(plane, {("a",), ("b",), ("c",)})
    at = int(plane.now * 1000)
    plane.sql(f"UPDATE files SET expires_at = {at} WHERE name = 'b'")  # noqa: S608 - a number
    plane.sql(f"UPDATE files SET expires_at = {at + 1} WHERE name = 'c'")  # noqa: S608 - a number
    page = list_folder(plane, "/", limit=2).json
    assert (names(page), page["cursor"]) == (["/a"], "/b")
    assert names(list_folder(plane, "/", cursor="/b").json) == ["/c"]


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("-1", "min 1"),
        ("1001", "max 1000"),
        ("9" * 30, "invalid integer number"),
        ("1.0", "invalid integer number"),
        ("\u0661", "invalid integer number"),
        ("", "invalid integer number"),
    ],
)
def test_a_limit_is_a_number_from_1_to_1000(plane: Plane, limit: str, message: str) -> None:
    answer = list_folder(plane, "/", limit=limit)
    assert answer.status == 400
    assert answer.json["error"]["details"]["query.limit"]["message"] == message


class TestCursor:
    def test_its_entry_may_be_gone(self, plane: Plane) -> None:
        fill(plane, {("a",), ("c",)})
        for cursor in ("/b", "/b/", "/b/deep/er"):
            assert names(list_folder(plane, "/", cursor=cursor).json) == ["/c"]

    def test_base64_of_a_path_is_one_too(self, plane: Plane) -> None:
        fill(plane, {("a",), ("é",)})
        page = list_folder(plane, "/", cursor=b64encode(b"/a").decode()).json
        assert (names(page), page["cursor"]) == (["/é"], "/é")

    def test_an_empty_page_gives_it_back(self, plane: Plane) -> None:
        fill(plane, {("a",)})
        page = list_folder(plane, "/", cursor="/z").json
        assert (page["items"], page["cursor"]) == ([], "/z")
        assert page["isPaginationComplete"]

    @pytest.mark.parametrize("cursor", ["/n", "/n/", "/n/x", "/n//", "/n/\U0001f600"])
    def test_every_path_in_the_folder_is_one(self, plane: Plane, cursor: str) -> None:
        assert list_folder(plane, "/n", cursor=cursor).status == 200

    @pytest.mark.parametrize(
        "cursor",
        [
            "/nn",
            "/",
            "//",
            "/m/x",
            "n",
            "bg==",
            "L24=x",
            "_w==",
            "/w==",
            "",
            "/n/../m",
            "/n/./x",
            "/n/\x00",
            "/n/" + "x" * 600,
            "x" * 5000,
        ],
    )
    def test_everything_else_is_refused(self, plane: Plane, cursor: str) -> None:
        answer = list_folder(plane, "/n", cursor=cursor)
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert list(answer.json["error"]["details"]) == ["query.cursor"]

    def test_the_longest_path_has_one(self, plane: Plane) -> None:
        longest = ("n", "x" * 509)
        fill(plane, {("n", "y")}, {longest: {}})
        assert len("/" + "/".join(longest)) == 512
        items = every_item(plane, "/", recursive="true", limit=1)
        assert [item["type"] for item in items] == ["Folder", "File"]


class TestDryRun:
    def test_the_folder_itself_is_the_first_entry_scanned(self, plane: Plane) -> None:
        fill(plane, {("n", "x")}, {("n",): {}, ("n", "v"): {}})
        for limit in (1, 2, 3):
            found = every_item(plane, "/n", recursive="true", dryRun="true", limit=limit)
            assert names({"items": found}) == ["/n", "/n/v", "/n/x"]

    def test_the_root_is_too(self, plane: Plane) -> None:
        fill(plane, {("!",), ("x",)}, {(): {}})
        found = every_item(plane, "/", dryRun="true", limit=1)
        assert names({"items": found}) == ["/", "/!", "/x"]

    def test_a_physical_folder_is_no_item(self, plane: Plane) -> None:
        fill(plane, {("n", "x"), ("n", "p", "y")})
        assert names(list_folder(plane, "/n", dryRun="true").json) == ["/n/x"]

    def test_other_storage_is_left_out_unless_asked_for(self, plane: Plane) -> None:
        layer = {"storage_layer": STORED["storage_layer"]}
        fill(plane, {("n", "e", "x"), ("n", "e", "deep", "y"), ("n", "z")}, {("n", "e"): layer})
        untouched = list_folder(plane, "/n", dryRun="true", recursive="true").json
        assert names(untouched) == ["/n/e", "/n/z"]
        everything = list_folder(
            plane, "/n", dryRun="true", recursive="true", includeOverriddenStorage="true"
        ).json
        assert names(everything) == ["/n/e", "/n/e/deep/y", "/n/e/x", "/n/z"]


def test_overridden_storage_is_known_on_every_page(plane: Plane) -> None:
    layer = {"storage_layer": STORED["storage_layer"]}
    paths = {("n", "e", "deep", f"x{n}") for n in range(3)} | {("n", "f"), ("n", "e", "y")}
    fill(plane, paths, {("n", "e"): layer})
    flags = {"recursive": "true", "includeOverriddenStorage": "false"}
    for limit in (1, 2, 9):
        found = every_item(plane, "/n", **flags, limit=limit)
        assert names({"items": found}) == ["/n/e", "/n/f"]
    assert names(list_folder(plane, "/n/e/deep", includeOverriddenStorage="false").json) != []
    assert names(list_folder(plane, "/n/e", includeOverriddenStorage="false").json) == ["/n/e/deep"]


@pytest.mark.parametrize("flag", ["includeFiles", "recursive", "dryRun", "includeVirtualFolders"])
def test_a_flag_that_is_none_is_refused(plane: Plane, flag: str) -> None:
    answer = list_folder(plane, "/", **{flag: "maybe"})
    assert (answer.status, list(answer.json["error"]["details"])) == (400, [f"query.{flag}"])


class TestOldClients:
    def children(self, plane: Plane, query: str) -> Any:  # noqa: ANN401 - a body
        return plane.call("GET", f"{BASE}/folders/children?folderPath=%2F{query}", key="SK").json

    def test_are_done_when_the_cursor_stands_still(self, plane: Plane) -> None:
        fill(plane, {("a",), ("b",), ("c", "d")})
        cursor, seen = "", []
        while True:
            page = self.children(plane, f"&limit=2{cursor and f'&cursor={quote(cursor)}'}")
            seen += [item["type"] for item in page["children"]]
            if page["cursor"] == cursor:
                break
            cursor = page["cursor"]
        assert seen == ["File", "File", "Folder"]
        assert sorted(page) == ["children", "cursor", "parent"]
        assert page["parent"]["folderPath"] == "/"

    def test_may_leave_folders_out(self, plane: Plane) -> None:
        fill(plane, {("a",), ("c", "d")}, {("v",): {}})
        found = self.children(plane, "&includeFolders=false&traverseVirtualFolders=true")
        assert [item["filePath"] for item in found["children"]] == ["/a"]


def test_a_change_of_rights_holds_for_the_next_page(plane: Plane) -> None:
    fill(plane, {("a", "x"), ("a", "y")})
    key = list_folder(plane, "/a", limit=1)
    assert not key.json["isPaginationComplete"]
    rules = json.dumps([]).replace("'", "''")
    plane.sql(f"UPDATE api_keys SET path_permissions = '{rules}' WHERE name = 'SK'")  # noqa: S608 - a constant
    plane.sql("UPDATE accounts SET authority_epoch = authority_epoch + 1")
    assert list_folder(plane, "/a", limit=1, cursor=key.json["cursor"]).status == 403
