from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.oracles.access_oracle import (
    DOWNLOAD,
    FIELDS,
    Grant,
    Json,
    effective,
    grant_of,
    oracle_allows,
    oracle_tag_allows,
    origin_ok,
    path_match,
    public_slugs,
    resolve,
    segs,
    slug_ok,
    tag_ok,
)

CREATE = "write.file.createFile"
DELETE = "write.file.deleteFile"
LIST = "read.folder.listFolderChildren"
APP = "https://app.example.com"


def grants(**fields: Grant | None) -> Json:
    """Permissions from field names without their two prefixes."""
    by_name = {field.rsplit(".", 1)[1]: field.split(".") for field in FIELDS}
    permissions: dict[str, dict[str, dict[str, Grant | None]]] = {}
    for name, grant in fields.items():
        verb, kind, field = by_name[name]
        permissions.setdefault(verb, {}).setdefault(kind, {})[field] = grant
    return permissions


def entry(path: str, scope: str, **fields: Grant | None) -> Json:
    return {"match": {"path": path, "scope": scope}, "permissions": grants(**fields)}


def key(kind: str, *entries: Json, tags: Sequence[str] = ()) -> Json:
    return {"kind": kind, "pathPermissions": entries, "tagPermissions": {"write": tags}}


def jwt(*entries: Json) -> Json:
    return {"access": {"pathPermissions": entries}}


def public(scope: str, *slugs: str) -> Json:
    return {"scope": scope, "permissions": {"file": {"downloadFile": list(slugs)}}}


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", []), ("/a", ["a"]), ("/a/b", ["a", "b"]), ("/a//b", ["a", "", "b"]), ("/a/", ["a", ""])],
)
def test_segments_keep_what_is_empty(path: str, expected: list[str]) -> None:
    assert segs(path) == expected


@pytest.mark.parametrize(
    ("base", "scope", "target", "expected"),
    [
        ("/my_folder", "Children", "/my_folder/a.jpg", True),
        ("/my_folder", "Children", "/my_folder/sub", True),
        ("/my_folder", "Children", "/my_folder/sub/a.jpg", False),
        ("/my_folder", "Children", "/my_folder", False),
        ("/my_folder", "Grandchildren+", "/my_folder/sub/a.jpg", True),
        ("/my_folder", "Grandchildren+", "/my_folder/x/y/z", True),
        ("/my_folder", "Grandchildren+", "/my_folder/a.jpg", False),
        ("/my_folder", "This", "/my_folder", True),
        ("/my_folder", "This", "/my_folder/a.jpg", False),
        ("/", "Children", "/a.jpg", True),
        ("/", "Grandchildren+", "/file.png", False),
        ("/", "Grandchildren+", "/x/file.png", True),
        ("/", "This", "/", True),
        ("/users/u1", "Children", "/users/u10/a.jpg", False),
        ("/users/u1", "This", "/users/u10", False),
        ("/users/u1", "Children", "/Users/u1/a.jpg", False),
        ("/a", "Children", "/a/", True),
        ("/a", "Grandchildren+", "/a//b", True),
        ("/a", "Everything", "/a", False),
    ],
)
def test_scopes_are_disjoint_and_match_by_segment(
    base: str, scope: str, target: str, expected: bool
) -> None:
    assert path_match(base, scope, target) is expected


@pytest.mark.parametrize(
    ("patterns", "slug", "expected"),
    [
        (["*"], "image", True),
        (["raw"], "raw", True),
        (["raw"], "image", False),
        (["thumbnail-*"], "thumbnail-sm", True),
        (["thumbnail-*"], "thumbnail-", True),
        (["thumbnail-*"], "thumbnail", False),
        (["thumbnail-*"], "Thumbnail-sm", False),
        (["image"], "images", False),
        ([], "raw", False),
        (["a", "raw"], "raw", True),
    ],
)
def test_slug_patterns(patterns: list[str], slug: str, expected: bool) -> None:
    assert slug_ok(patterns, slug) is expected


def test_a_null_grant_is_absent() -> None:
    assert grant_of(grants(createFile=None), CREATE) is None


def test_the_nearest_base_wins_whatever_the_order() -> None:
    entries = [
        entry("/", "Grandchildren+", createFile=True),
        entry("/a", "Grandchildren+", createFile=False),
        entry("/a/b", "Children", deleteFile=True),
    ]
    for order in (entries, entries[::-1]):
        assert resolve(order, "/a/b/c") == grants(deleteFile=True)
        assert resolve(order, "/a/x/c") == grants(createFile=False)
        assert resolve(order, "/x/c") == grants(createFile=True)
        assert resolve(order, "/c") is None


def test_this_on_the_target_beats_children_of_its_parent() -> None:
    entries = [entry("/a", "Children", createFile=True), entry("/a/b", "This", createFile=False)]
    assert resolve(entries, "/a/b") == grants(createFile=False)


def test_a_specific_entry_hides_what_it_omits() -> None:
    holder = jwt(entry("/", "Children", deleteFile=True), entry("/a", "This", createFile=True))
    assert effective(DELETE, "/a", None, holder) is False
    assert effective(CREATE, "/a", None, holder) is True


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (["*"], ["raw"], ["raw"]),
        (["thumbnail-*"], ["thumbnail-sm", "raw"], ["thumbnail-sm"]),
        (["thumb*"], ["thumbnail-*"], ["thumbnail-*"]),
        (["a*"], ["b*"], []),
        (["*"], ["*"], ["*"]),
        (["raw"], None, []),
    ],
)
def test_duplicates_intersect_slugs(
    first: list[str], second: list[str] | None, expected: list[str]
) -> None:
    for one, other in ((first, second), (second, first)):
        entries = [entry("/a", "This", downloadFile=one), entry("/a", "This", downloadFile=other)]
        assert effective(DOWNLOAD, "/a", None, jwt(*entries)) == expected


def test_duplicates_and_booleans() -> None:
    holder = jwt(
        entry("/a", "This", createFile=True, deleteFile=True),
        entry("/a", "This", createFile=True),
        entry("/a", "This", createFile=True),
    )
    assert effective(CREATE, "/a", None, holder) is True
    assert effective(DELETE, "/a", key("secret", entry("/a", "This", deleteFile=True)), holder) is (
        False
    )


def test_the_jwt_decides_what_it_mentions_and_the_key_the_rest() -> None:
    holder = key("secret", entry("/a", "Children", createFile=True, deleteFile=True))
    for said in (True, False):
        token = jwt(entry("/", "Grandchildren+", createFile=said))
        assert effective(CREATE, "/a/b", holder, token) is said
        assert effective(DELETE, "/a/b", holder, token) is True


def test_an_empty_list_of_the_jwt_overrides_the_key() -> None:
    holder = key("public", entry("/a", "Children", downloadFile=["*"]))
    token = jwt(entry("/a", "Children", downloadFile=[]))
    assert effective(DOWNLOAD, "/a/b", holder, token) == []
    assert effective(DOWNLOAD, "/a/b", holder, jwt()) == ["*"]


@pytest.mark.parametrize("field", FIELDS)
def test_a_public_key_grants_four_fields_at_most(field: str) -> None:
    everything = entry("/a", "This", **{name.rsplit(".", 1)[1]: True for name in FIELDS})
    allowed = effective(field, "/a", key("public", everything), None)
    assert allowed in ([], False) or field in {
        DOWNLOAD,
        CREATE,
        LIST,
        "read.file.getFileDetails",
    }
    assert effective(field, "/a", key("public"), jwt(everything)) is True


def test_there_are_14_fields() -> None:
    assert len(set(FIELDS)) == 14


def test_listing_a_folder_needs_the_scope_this() -> None:
    children = jwt(entry("/users/u1", "Children", listFolderChildren=True))
    assert effective(LIST, "/users/u1", None, children) is False
    assert effective(LIST, "/users/u1/sub", None, children) is True
    this = jwt(entry("/users/u1", "This", listFolderChildren=True))
    assert effective(LIST, "/users/u1", None, this) is True


FOLDERS: Mapping[str, Sequence[Json] | None] = {
    "/": [public("Children", "*"), public("Grandchildren+", "*")],
    "/private": [],
    "/private/open": [public("Children", "*"), public("Grandchildren+", "*")],
    "/limited": [public("Children", "image", "thumbnail-*"), public("Grandchildren+", "raw")],
    "/mixed": [public("Children", "*"), public("This", "*")],
    "/empty": None,
    "/twice": [public("Children", "raw"), public("Children", "image")],
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a.jpg", ["*"]),
        ("/docs/2024/a.pdf", ["*"]),
        ("/private/p.jpg", []),
        ("/private/deep/q.jpg", []),
        ("/private/open/o.jpg", ["*"]),
        ("/private/open/x/y.jpg", ["*"]),
        ("/private/opened/o.jpg", []),
        ("/limited/l.jpg", ["image", "thumbnail-*"]),
        ("/limited/sub/m.jpg", ["raw"]),
        ("/mixed/n.jpg", ["*"]),
        ("/mixed/s/t.jpg", []),
        ("/empty/e.jpg", ["*"]),
        ("/private", ["*"]),
        ("/twice/a.jpg", ["raw", "image"]),
    ],
)
def test_the_nearest_defining_folder_decides_alone(path: str, expected: list[str]) -> None:
    assert public_slugs(path, FOLDERS) == expected


def test_nothing_is_public_where_nothing_is_defined() -> None:
    assert public_slugs("/a/b", {}) == []


def download(path: str, slug: str, **principal: Json) -> bool:
    return oracle_allows(
        {"principal": principal, "folders": FOLDERS, "field": DOWNLOAD, "path": path, "slug": slug}
    )


def test_public_permissions_are_a_floor() -> None:
    blocked = jwt(entry("/", "Children", downloadFile=[]))
    assert download("/a.jpg", "raw", jwt=blocked)
    assert download("/private/p.jpg", "raw") is False
    assert download("/private/p.jpg", "raw", jwt=jwt(entry("/private", "Children"))) is False
    assert download(
        "/private/p.jpg", "raw", jwt=jwt(entry("/private", "Children", downloadFile=["raw"]))
    )


def test_public_permissions_say_nothing_about_anything_but_downloads() -> None:
    for field in FIELDS:
        if field != DOWNLOAD:
            request = {"principal": {}, "folders": FOLDERS, "field": field, "path": "/a.jpg"}
            assert oracle_allows(request) is False


@pytest.mark.parametrize("field", ["account.jobs", "account.cache"])
def test_jobs_and_cache_take_a_secret_key_only(field: str) -> None:
    def allowed(**principal: Json) -> bool:
        return oracle_allows({"principal": principal, "folders": {}, "field": field})

    assert allowed(key=key("secret"))
    assert allowed(key=key("public"), jwt=jwt()) is False
    assert allowed(jwt=jwt()) is False
    assert allowed() is False


def test_tags_come_from_the_jwt_if_it_says_anything() -> None:
    holder = key("public", tags=["user-*", "free"])
    assert tag_ok("user-1", holder, None)
    assert tag_ok("free", holder, jwt())
    assert not tag_ok("admin", holder, None)
    assert not tag_ok("user-1", holder, {"access": {"tagPermissions": {"write": []}}})
    assert tag_ok("admin", holder, {"access": {"tagPermissions": {"write": ["*"]}}})
    assert tag_ok("free", holder, {"access": {"tagPermissions": {}}})
    assert not tag_ok("free", None, {})
    assert oracle_tag_allows({"principal": {"key": holder}, "tag": "free"})


@pytest.mark.parametrize(
    ("allowed", "headers", "expected"),
    [
        (None, {}, True),
        ([], {"Origin": APP}, False),
        ([APP], {}, False),
        ([APP], {"Origin": APP}, True),
        ([APP], {"Origin": "https://APP.example.com:443"}, True),
        ([APP], {"Origin": "http://app.example.com"}, False),
        ([APP], {"Origin": "https://app.example.com:8443"}, False),
        ([APP], {"Origin": "https://evil.example"}, False),
        ([APP], {"Origin": "https://app.example.com.evil.example"}, False),
        ([APP], {"Origin": "https://app.example.com@evil.example"}, False),
        ([APP], {"Origin": "null", "Referer": APP + "/"}, False),
        ([APP], {"Origin": f"{APP} https://evil.example"}, False),
        ([APP], {"Referer": APP + "/x?y"}, True),
        ([APP], {"Referer": "https://evil.example/" + APP}, False),
        (["https://app.example.com:443/"], {"Origin": APP}, True),
        (["*", "app.example.com", "null"], {"Origin": APP}, False),
        (["*", "null", ""], {"Origin": "null"}, False),
        (["http://[::1]:8080"], {"Origin": "http://[::1]:8080"}, True),
    ],
)
def test_origins(allowed: list[str] | None, headers: dict[str, str], expected: bool) -> None:
    assert origin_ok(allowed, headers) is expected
