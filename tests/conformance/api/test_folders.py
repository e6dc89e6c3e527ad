"""The numbered cases of the folder operations that need no external storage.

`/t/ext` sets the internal storage layer for itself, which overrides storage as far as listings go.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.api_plane import BASE, Plane, api_plane
from tests.asgi_client import Response
from tests.e2e.server import request, serving

FOLDERS: Final = f"{BASE}/folders"
LAYER: Final = {"storageLayer": {"set": True, "value": {"type": "InternalStorageV2"}}}
PATTERNS: Final = [
    {"scope": "Children", "permissions": {"file": {"downloadFile": [f"p{n}" for n in range(11)]}}}
]


@pytest.fixture(scope="module")
def seeded() -> Iterator[Plane]:
    with api_plane() as plane:
        for path in ("a.jpg", "b.txt", "sub/c.txt", "sub/deep/d.txt", "ext/e.txt"):
            plane.put(f"/t/{path}")
        put(plane, "/t/vf", {"description": {"set": True, "value": "desc"}})
        put(plane, "/t/ext", LAYER)
        yield plane


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def put(plane: Plane, path: str, settings: object = None, **more: object) -> Response:
    given = {} if settings is None else {"folderSettings": settings}
    return plane.send_json("PUT", FOLDERS, {"folderPath": path, **given, **more})


def details(plane: Plane, path: str, *, key: str = "SK") -> Response:
    return plane.call("GET", f"{FOLDERS}?folderPath={quote(path, safe='')}", key=key)


def list_folder(plane: Plane, path: str, *, key: str = "SK", **query: str) -> Response:
    pairs = "".join(f"&{name}={quote(value, safe='')}" for name, value in query.items())
    return plane.call("GET", f"{FOLDERS}/list?folderPath={quote(path, safe='')}{pairs}", key=key)


def paths(page: Any) -> list[str]:  # noqa: ANN401 - a body
    return [item.get("filePath") or item["folderPath"] for item in page["items"]]


def pages(plane: Plane, path: str, **query: str) -> list[Any]:
    """Every page, the cursor of each being sent for the next."""
    found = [list_folder(plane, path, **query).json]
    while not found[-1]["isPaginationComplete"]:
        found.append(list_folder(plane, path, **query, cursor=found[-1]["cursor"]).json)
    return found


def test_094_put_folder_makes_it_and_its_ancestors_virtual_and_may_be_repeated(
    plane: Plane,
) -> None:
    first, second = put(plane, "/n/m"), put(plane, "/n/m")
    assert first.status == second.status == 200
    assert first.json == second.json
    assert (first.json["virtual"], first.json["settings"]) == (True, {})
    assert details(plane, "/n").json["virtual"]


def test_095_folder_without_a_name_needs_the_flag(plane: Plane) -> None:
    refused = put(plane, "/n/")
    assert (refused.status, refused.code) == (400, "invalid_path")
    made = put(plane, "/n/", allowUnnamedFolder=True)
    assert (made.status, made.json["folderPath"]) == (200, "/n/")


def test_096_settings_are_written_left_and_cleared(plane: Plane) -> None:
    written = put(plane, "/n", {"description": {"set": True, "value": "D"}})
    left = put(plane, "/n", {"description": {"set": False}})
    cleared = put(plane, "/n", {"description": {"set": True}})
    assert [each.json["settings"] for each in (written, left, cleared)] == [
        {"description": "D"},
        {"description": "D"},
        {},
    ]


def test_097_empty_public_permissions_close_a_folder_and_are_inherited(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        api = f"{server.api}/v2/accounts/{server.account_id}"
        headers = {"Authorization": f"Bearer {server.secret_key}"}
        upload = f"{api}/uploads/binary?filePath=%2Fn%2Fx.txt"
        assert request("POST", upload, headers=headers, body=b"x").status == 200
        file = f"{server.cdn}/{server.account_id}/raw/n/x.txt"
        assert request("GET", file).status == 200
        closed: Final = b"""{"folderPath": "/n", "folderSettings": {"publicPermissions": {
            "set": true, "value": [
                {"scope": "Children", "permissions": {"file": {"downloadFile": []}}}]}}}"""
        assert request("PUT", f"{api}/folders", headers=headers, body=closed).status == 200
        assert request("GET", file).status == 403
        below = request("GET", f"{api}/folders?folderPath=%2Fn%2Fm", headers=headers).json
        assert below["settingsInherited"]["publicPermissions"]["folderPath"] == "/n"


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"description": {"set": True, "value": "x" * 101}}, id="101 characters"),
        pytest.param({"description": {"set": True, "value": " x"}}, id="space in front"),
        pytest.param({"publicPermissions": {"set": True, "value": PATTERNS}}, id="11 patterns"),
    ],
)
def test_098_settings_beyond_the_limits_are_refused(plane: Plane, settings: object) -> None:
    refused = put(plane, "/n", settings)
    assert (refused.status, refused.code) == (400, "invalid_request")


def test_100_a_folder_that_nobody_made_has_only_what_it_inherits(plane: Plane) -> None:
    answer = details(plane, "/never")
    assert answer.status == 200
    assert (answer.json["virtual"], answer.json["settings"]) == (False, {})
    internal = {"folderPath": "/", "value": {"type": "InternalStorageV2"}}
    assert answer.json["settingsInherited"]["storageLayer"] == internal


def test_101_a_caller_sees_only_the_settings_that_it_may_read(seeded: Plane) -> None:
    match = {"path": "/t", "scope": "Children"}
    rights = {"read": {"folder": {"getFolderDescription": True}}}
    jwt = seeded.jwt({"pathPermissions": [{"match": match, "permissions": rights}]})
    answer = seeded.call(
        "GET",
        f"{FOLDERS}?folderPath=%2Ft%2Fvf",
        key="PK",
        headers={"authorization-token": jwt},
    )
    assert answer.status == 200
    assert answer.json["settings"] == {"description": "desc"}
    assert answer.json["settingsInherited"] == {}


def test_102_entries_come_in_the_order_of_their_paths(seeded: Plane) -> None:
    answer = list_folder(seeded, "/t")
    assert answer.status == 200
    page = answer.json
    assert sorted(page) == ["cursor", "folder", "isPaginationComplete", "items"]
    assert paths(page) == ["/t/a.jpg", "/t/b.txt", "/t/ext", "/t/sub", "/t/vf"]
    assert page["isPaginationComplete"] is True
    assert page["cursor"] == "/t/vf/"
    assert page["folder"] == {
        "type": "Folder",
        "folderPath": "/t",
        "settings": {},
        "virtual": True,
    }
    assert page["items"][1] == {
        "type": "File",
        "filePath": "/t/b.txt",
        "fileUrl": "https://cdn.example.test/A623uY2/raw/t/b.txt",
        "lastModified": 1716666258683,
        "size": 5,
    }
    assert page["items"][3:] == [
        {"type": "Folder", "folderPath": "/t/sub", "settings": {}, "virtual": False},
        {
            "type": "Folder",
            "folderPath": "/t/vf",
            "settings": {"description": "desc"},
            "virtual": True,
        },
    ]


def test_103_cursors_lead_through_every_entry_once(seeded: Plane) -> None:
    found = pages(seeded, "/t", limit="2")
    assert [len(page["items"]) for page in found] == [2, 2, 1]
    assert [page["isPaginationComplete"] for page in found] == [False, False, True]
    assert [*chain.from_iterable(map(paths, found))] == paths(list_folder(seeded, "/t").json)


def test_104_the_limit_counts_what_the_filters_take_away(seeded: Plane) -> None:
    found = pages(seeded, "/t", limit="2", includeFiles="false")
    assert found[0]["items"] == []
    assert not found[0]["isPaginationComplete"]
    assert [*chain.from_iterable(map(paths, found))] == ["/t/ext", "/t/sub", "/t/vf"]


def test_105_recursive_lists_files_and_virtual_folders_of_all_depths(seeded: Plane) -> None:
    assert paths(list_folder(seeded, "/t", recursive="true").json) == [
        "/t/a.jpg",
        "/t/b.txt",
        "/t/ext",
        "/t/ext/e.txt",
        "/t/sub/c.txt",
        "/t/sub/deep/d.txt",
        "/t/vf",
    ]


def test_106_files_of_overridden_storage_can_be_left_out(seeded: Plane) -> None:
    found = list_folder(seeded, "/t", recursive="true", includeOverriddenStorage="false").json
    assert "/t/ext/e.txt" not in paths(found)
    assert "/t/ext" in paths(found)


def test_107_both_kinds_of_folders_can_be_left_out(seeded: Plane) -> None:
    assert "/t/sub" not in paths(list_folder(seeded, "/t", includePhysicalFolders="false").json)
    made = paths(list_folder(seeded, "/t", includeVirtualFolders="false").json)
    assert made == ["/t/a.jpg", "/t/b.txt", "/t/sub"]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        pytest.param("folderPath=%2Ft&limit=0", "query.limit", id="limit 0"),
        pytest.param("folderPath=%2Ft&limit=1001", "query.limit", id="limit 1001"),
        pytest.param("folderPath=%2Ft&limit=x", "query.limit", id="limit x"),
        pytest.param("folderPath=%2Ft&cursor=%2Felsewhere", "query.cursor", id="cursor outside"),
        pytest.param("limit=1", "query.folderPath", id="no folder"),
    ],
)
def test_108_requests_that_make_no_sense_are_refused(seeded: Plane, query: str, where: str) -> None:
    answer = seeded.call("GET", f"{FOLDERS}/list?{query}", key="SK")
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert where in answer.json["error"]["details"]


def test_108_a_public_key_cannot_list(seeded: Plane) -> None:
    assert list_folder(seeded, "/t", key="PK").status == 403


@pytest.mark.parametrize("path", ["/t/vf", "/unknown"])
def test_109_an_empty_or_unknown_folder_has_an_empty_list(seeded: Plane, path: str) -> None:
    answer = list_folder(seeded, path)
    assert answer.status == 200
    assert (answer.json["items"], answer.json["isPaginationComplete"]) == ([], True)
    assert answer.json["cursor"] == path
    assert answer.json["folder"]["folderPath"] == path


def test_119_a_dry_run_lists_what_deleting_the_folder_removes(seeded: Plane) -> None:
    assert paths(list_folder(seeded, "/t", dryRun="true", recursive="true").json) == [
        "/t",
        "/t/a.jpg",
        "/t/b.txt",
        "/t/ext",
        "/t/sub/c.txt",
        "/t/sub/deep/d.txt",
        "/t/vf",
    ]
    assert paths(list_folder(seeded, "/t", dryRun="true").json) == ["/t", "/t/a.jpg", "/t/b.txt"]
