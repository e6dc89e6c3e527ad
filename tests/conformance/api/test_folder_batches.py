"""The numbered cases of copying and deleting folders without external storage, and of moving."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.api_plane import API_URL, BASE, Plane, api_plane
from tests.asgi_client import Response
from tests.conformance.api.test_folders import LAYER, details, list_folder, pages, paths, put
from tests.grants import access, grants

FOLDERS: Final = f"{BASE}/folders"
PRIVATE: Final = {"publicPermissions": {"set": True, "value": []}}
SEED: Final = ("a.jpg", "b.txt", "sub/c.txt", "sub/deep/d.txt", "ext/e.txt")


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        for path in SEED:
            opened.put(f"/t/{path}", path.encode())
        put(opened, "/t/vf", {"description": {"set": True, "value": "desc"}})
        put(opened, "/t/ext", LAYER)
        yield opened


def run(plane: Plane, accepted: Response) -> Any:  # noqa: ANN401 - a body
    """The job of an answer, after it ran."""
    assert accepted.status == 200, accepted.json
    plane.work()
    return plane.call("GET", accepted.json["jobUrl"].removeprefix(API_URL), key="SK").json


def copy(plane: Plane, source: str, destination: str, *, key: str = "SK", **flags: object) -> Any:  # noqa: ANN401 - a job or a refusal
    asked = {"source": source, "destination": destination, **flags}
    answer = plane.send_json("POST", f"{FOLDERS}/copy", asked, key=key)
    return run(plane, answer) if answer.status == 200 else answer


def delete(plane: Plane, folder: str, *, key: str = "SK", **flags: object) -> Any:  # noqa: ANN401 - a job or a refusal
    answer = plane.send_json("DELETE", FOLDERS, {"folderPath": folder, **flags}, key=key)
    return run(plane, answer) if answer.status == 200 else answer


def move(plane: Plane, source: str, destination: str, *, key: str = "SK") -> Response:
    asked = {"source": source, "destination": destination}
    return plane.send_json("POST", f"{FOLDERS}/move", asked, key=key)


def tree(plane: Plane, folder: str) -> set[str]:
    """All files in a folder, by their paths from it."""
    found: set[str] = set()
    for page in pages(plane, folder, recursive="true"):
        found |= {item["filePath"] for item in page["items"] if "filePath" in item}
    return {path.removeprefix("/" if folder == "/" else f"{folder}/") for path in found}


def test_110_contents_land_at_the_destination(plane: Plane) -> None:
    job = copy(plane, "/t/sub", "/cp")
    assert (job["jobType"], job["status"]) == ("CopyFolderBatchJob", "Succeeded")
    assert tree(plane, "/cp") == {"c.txt", "deep/d.txt"}
    assert plane.content("/cp/deep/d.txt") == b"sub/deep/d.txt"
    assert job["summary"] == {
        "copies": [
            {
                "source": "/t/sub",
                "destination": "/cp",
                "copyFiles": True,
                "copyVirtualFolders": True,
                "copyOverriddenStorage": False,
                "recursive": True,
            }
        ],
        "progress": {"filesCopied": 2, "foldersCopied": 0, "filesSkipped": 0},
    }


def test_111_flags_leave_out_what_is_below_or_files(plane: Plane) -> None:
    copy(plane, "/t/sub", "/flat", recursive=False)
    assert tree(plane, "/flat") == {"c.txt"}
    job = copy(plane, "/t", "/set", copyFiles=False)
    assert job["summary"]["progress"] == {"filesCopied": 0, "foldersCopied": 3, "filesSkipped": 0}
    assert tree(plane, "/set") == set()
    assert details(plane, "/set/vf").json["settings"] == {"description": "desc"}
    assert "storageLayer" in details(plane, "/set/ext").json["settings"]


def test_112_files_of_overridden_storage_are_copied_when_asked_for(plane: Plane) -> None:
    both = copy(plane, "/t", "/cp", copyOverriddenStorage=True)
    assert (both.status, both.code) == (400, "conflicting_parameters")
    copy(plane, "/t", "/cp", copyOverriddenStorage=True, copyVirtualFolders=False)
    assert tree(plane, "/cp") == set(SEED)
    assert not details(plane, "/cp/vf").json["virtual"]
    copy(plane, "/t", "/without")
    assert tree(plane, "/without") == set(SEED) - {"ext/e.txt"}


def test_114_a_folder_is_not_copied_into_itself(plane: Plane) -> None:
    for destination in ("/t", "/t/sub", "/t/new/deep"):
        refused = copy(plane, "/t", destination)
        assert (refused.status, refused.code) == (400, "invalid_path")
        assert refused.json["error"]["details"]["reason"] == "overlap"
    assert copy(plane, "/", "/x").code == "invalid_path"
    # The other way round is no overlap, but for what would come back into the source.
    plane.put("/t/sub/sub/x")
    job = copy(plane, "/t/sub", "/t")
    assert [each["path"] for each in job["error"]["details"]["failures"]] == ["/t/sub/sub/x"]
    assert plane.content("/t/c.txt") == b"sub/c.txt"


def test_117_without_recursion_what_is_below_stays(plane: Plane) -> None:
    job = delete(plane, "/t", recursive=False)
    assert job["summary"]["progress"] == {"filesDeleted": 2, "foldersDeleted": 1}
    assert tree(plane, "/t") == {"sub/c.txt", "sub/deep/d.txt", "ext/e.txt"}
    assert details(plane, "/t/vf").json["settings"] == {"description": "desc"}


def test_118_settings_go_and_files_stay(plane: Plane) -> None:
    job = delete(plane, "/t", deleteFiles=False)
    assert job["summary"]["progress"] == {"filesDeleted": 0, "foldersDeleted": 3}
    assert tree(plane, "/t") == set(SEED)
    assert not details(plane, "/t/vf").json["virtual"]
    assert details(plane, "/t/ext").json["settings"] == {}


def test_118_files_go_and_settings_stay(plane: Plane) -> None:
    delete(plane, "/t", deleteVirtualFolders=False)
    assert tree(plane, "/t") == {"ext/e.txt"}
    assert details(plane, "/t/vf").json["virtual"]


def test_119_a_dry_run_lists_what_a_deletion_removes(plane: Plane) -> None:
    listed = {
        path for page in pages(plane, "/t", recursive="true", dryRun="true") for path in paths(page)
    }
    before = {f"/t/{path}" for path in tree(plane, "/t")}
    folders = {path for path in ("/t", "/t/vf", "/t/ext") if details(plane, path).json["virtual"]}
    delete(plane, "/t")
    gone = before - {f"/t/{path}" for path in tree(plane, "/t")}
    gone |= {path for path in folders if not details(plane, path).json["virtual"]}
    assert listed == gone
    assert gone == {"/t", "/t/a.jpg", "/t/b.txt", "/t/sub/c.txt", "/t/sub/deep/d.txt"} | {
        "/t/vf",
        "/t/ext",
    }


def test_a_deleted_folder_leaves_nothing_behind(plane: Plane) -> None:
    plane.put("/t/x")
    # What a folder with a layer of its own holds stays, until it has none.
    delete(plane, "/t")
    assert tree(plane, "/") == {"t/ext/e.txt"}
    delete(plane, "/t")
    assert paths(list_folder(plane, "/").json) == []
    assert plane.files() == 0
    assert delete(plane, "/t")["status"] == "Succeeded"


def test_many_files_and_folders_take_several_steps(plane: Plane) -> None:
    def fill() -> None:
        for number in range(230):
            put(plane, f"/many/f{number:03}/in")
        for number in range(230):
            plane.put(f"/many/f{number:03}/x", b"x")

    fill()
    job = copy(plane, "/many", "/copies", tags={"value": ["copied"]})
    assert job["summary"]["progress"] == {
        "filesCopied": 230,
        "foldersCopied": 461,
        "filesSkipped": 0,
    }
    assert plane.details("/copies/f229/x").json["tags"] == ["copied"]
    job = delete(plane, "/many")
    assert job["summary"]["progress"] == {"filesDeleted": 230, "foldersDeleted": 461}
    assert tree(plane, "/many") == set()
    assert not details(plane, "/many").json["virtual"]
    assert len(tree(plane, "/copies")) == 230


def test_the_root_can_be_emptied_and_keeps_who_may_see_it(plane: Plane) -> None:
    put(plane, "/", PRIVATE)
    delete(plane, "/t/ext")
    delete(plane, "/")
    assert plane.files() == 0
    assert details(plane, "/").json["settings"]["publicPermissions"] == []


def token(plane: Plane, *entries: tuple[str, dict[str, object]]) -> str:
    """A JWT; each entry counts for the folder and everything below it."""
    return plane.jwt(
        access(
            *(
                grants(path, scope, **allowed)
                for path, allowed in entries
                for scope in ("This", "Children", "Grandchildren+")
            )
        )
    )


READ: Final[dict[str, object]] = {
    "downloadFile": ["raw"],
    "getFileDetails": True,
    "listFolderChildren": True,
}
SETTINGS: Final[dict[str, object]] = {
    "getFolderDescription": True,
    "getFolderPublicPermissions": True,
    "getFolderStorageLayer": True,
    "deleteVirtualFolder": True,
}
SET: Final[dict[str, object]] = {
    "setFolderDescription": True,
    "setFolderPublicPermissions": True,
    "setFolderStorageLayer": True,
    "createVirtualFolder": True,
}


def test_folders_are_refused_before_there_is_a_job(plane: Plane) -> None:
    assert delete(plane, "/t", key="PK").status == 403
    assert delete(plane, "/none", key="PK").status == 403
    only_files = token(plane, ("/t", {"deleteFile": True}))
    refused = delete(plane, "/t/vf", key=only_files)
    assert refused.json["error"]["details"]["permission"] == "write.folder.deleteVirtualFolder"
    kept = delete(plane, "/t/sub", key=only_files)
    assert kept["status"] == "Succeeded"
    unlisted = copy(plane, "/t", "/cp", key=token(plane, ("/t", {"deleteFile": True})))
    assert unlisted.json["error"]["details"]["permission"] == "read.folder.listFolderChildren"
    unsettable = copy(plane, "/t/vf", "/cp", key=token(plane, ("/t", READ)))
    assert unsettable.json["error"]["details"]["permission"] == "write.folder.createVirtualFolder"


def test_what_may_not_be_deleted_stays_and_keeps_the_settings_above_it(plane: Plane) -> None:
    put(plane, "/p", PRIVATE)
    plane.put("/p/mine/x")
    plane.put("/p/other/y")
    put(plane, "/p/mine")
    key = token(
        plane,
        ("/p", {"deleteVirtualFolder": True, "deleteFile": False}),
        ("/p/mine", {"deleteFile": True, "deleteVirtualFolder": True}),
    )
    job = delete(plane, "/p", key=key)
    assert (job["status"], job["error"]["details"]["failureCount"]) == ("Failed", 1)
    assert job["error"]["details"]["failures"][0]["path"] == "/p/other/y"
    assert tree(plane, "/p") == {"other/y"}
    # The file that stayed is as private as it was.
    assert details(plane, "/p").json["settings"]["publicPermissions"] == []
    assert not details(plane, "/p/mine").json["virtual"]


def test_a_copy_shows_a_file_to_nobody_new_when_its_settings_cannot_be_copied(
    plane: Plane,
) -> None:
    put(plane, "/s")
    put(plane, "/s/private", PRIVATE)
    plane.put("/s/private/x")
    plane.put("/s/open")
    readable = {**READ, "getFolderPublicPermissions": True}
    key = token(plane, ("/s", readable), ("/d", {"createFile": True, "createVirtualFolder": True}))
    job = copy(plane, "/s", "/d", key=key)
    assert job["status"] == "Failed"
    failed = [each["path"] for each in job["error"]["details"]["failures"]]
    assert failed == ["/s/private", "/s/private/x"]
    assert tree(plane, "/d") == {"open"}


def test_folders_that_may_not_be_listed_are_told_and_not_entered(plane: Plane) -> None:
    plane.put("/s/secret/x")
    plane.put("/s/open/y")
    key = token(
        plane,
        ("/s", READ),
        ("/s/secret", {**READ, "listFolderChildren": False}),
        ("/d", {"createFile": True}),
    )
    job = copy(plane, "/s", "/d", key=key)
    failures = [each["path"] for each in job["error"]["details"]["failures"]]
    assert (failures, tree(plane, "/d")) == (["/s/secret"], {"open/y"})


def test_copies_that_would_have_too_long_a_path_fail_alone(plane: Plane) -> None:
    plane.put("/s/" + "x" * 200)
    plane.put("/s/y")
    job = copy(plane, "/s", "/" + "d" * 400)
    assert job["error"]["code"] == "invalid_path"
    assert tree(plane, "/" + "d" * 400) == {"y"}


def test_a_moved_folder_takes_everything_along(plane: Plane) -> None:
    before = tree(plane, "/t")
    put(plane, "/t", PRIVATE)
    assert move(plane, "/t", "/new/place").json == {"status": "Moved"}
    assert tree(plane, "/new/place") == before
    assert tree(plane, "/t") == set()
    assert details(plane, "/new/place/vf").json["settings"] == {"description": "desc"}
    assert details(plane, "/new/place").json["settings"] == {"publicPermissions": []}
    assert details(plane, "/new").json["virtual"]
    assert not details(plane, "/t").json["virtual"]
    assert plane.content("/new/place/sub/deep/d.txt") == b"sub/deep/d.txt"


def test_a_physical_folder_moves_and_the_empty_one_above_it_goes(plane: Plane) -> None:
    plane.put("/only/deep/x")
    assert move(plane, "/only/deep", "/y").status == 200
    assert paths(list_folder(plane, "/").json) == ["/t", "/y"]
    assert not details(plane, "/y").json["virtual"]


@pytest.mark.parametrize(
    ("source", "destination", "code"),
    [
        ("/none", "/x", "file_not_found"),
        ("/t/sub", "/t/vf", "path_taken"),
        ("/t", "/t/sub/x", "invalid_path"),
        ("/t", "/t", "invalid_path"),
        ("/", "/x", "invalid_path"),
        ("/t", "/", "invalid_path"),
        ("/t", "/x/", "invalid_path"),
        ("/t/sub", "/" + "x" * 505, "invalid_path"),
        ("/t/sub", "/" + "ü" * 505, "invalid_path"),
    ],
)
def test_moves_that_cannot_be_made(plane: Plane, source: str, destination: str, code: str) -> None:
    refused = move(plane, source, destination)
    assert (refused.status // 100, refused.code) == (4, code)
    assert tree(plane, "/t") == set(SEED)


def test_a_longer_path_is_fine_as_long_as_every_path_in_it_is(plane: Plane) -> None:
    plane.put("/s/ab")
    exact = "/" + "x" * 508
    assert move(plane, "/s", exact + "x").code == "invalid_path"
    assert move(plane, "/s", exact).status == 200
    assert plane.details(exact + "/ab").status == 200


@pytest.mark.parametrize(
    ("held_by", "missing"),
    [
        ("source", "downloadFile"),
        ("source", "getFileDetails"),
        ("source", "listFolderChildren"),
        ("source", "deleteFile"),
        ("source", "deleteVirtualFolder"),
        ("source", "getFolderPublicPermissions"),
        ("target", "createFile"),
        ("target", "createVirtualFolder"),
        ("target", "setFolderStorageLayer"),
    ],
)
def test_a_move_needs_every_right_on_whatever_may_be_below(
    plane: Plane, held_by: str, missing: str
) -> None:
    held = {
        "source": {**READ, **SETTINGS, "deleteFile": True},
        "target": {**SET, "createFile": True},
    }
    key = token(plane, ("/t", held["source"]), ("/n", held["target"]))
    assert move(plane, "/t/vf", "/n/vf", key=key).status == 200
    held[held_by][missing] = [] if missing == "downloadFile" else False
    key = token(plane, ("/t", held["source"]), ("/n", held["target"]))
    refused = move(plane, "/t", "/n/t", key=key)
    assert refused.status == 403
    assert refused.json["error"]["details"]["permission"].endswith(f".{missing}")
    assert "sub/deep/d.txt" in tree(plane, "/t")


def test_a_right_that_is_missing_deep_below_stops_a_move(plane: Plane) -> None:
    everything = {**READ, **SETTINGS, "deleteFile": True}
    key = token(
        plane,
        ("/t", everything),
        ("/t/not/there/yet", {**everything, "deleteFile": False}),
        ("/n", {**SET, "createFile": True}),
    )
    assert move(plane, "/t", "/n/t", key=key).status == 403


def test_folders_that_a_storage_layer_shows_are_not_moved(plane: Plane) -> None:
    mount = {"type": "InternalStorageV2", "mount": "/t/sub"}
    put(plane, "/shown", {"storageLayer": {"set": True, "value": mount}})
    for source, destination in (("/t", "/n"), ("/shown/deep", "/n"), ("/t/sub", "/shown/x")):
        assert move(plane, source, destination).code in {"invalid_path", "file_not_found"}
    assert tree(plane, "/t") == set(SEED)


def test_a_batch_of_folders_goes_on_in_its_order(plane: Plane) -> None:
    asked = {
        "folders": [
            {"source": "/t/sub", "destination": "/one"},
            {"source": "/one", "destination": "/two", "recursive": False},
        ]
    }
    job = run(plane, plane.send_json("POST", f"{FOLDERS}/copy/batch", asked))
    assert job["summary"]["progress"]["filesCopied"] == 3
    assert tree(plane, "/two") == {"c.txt"}
    both = {"folders": [{"folderPath": "/one"}, {"folderPath": "/two"}]}
    job = run(plane, plane.send_json("DELETE", f"{FOLDERS}/batch", both))
    assert job["summary"]["progress"] == {"filesDeleted": 3, "foldersDeleted": 0}
    for count in (0, 1001):
        many = {"folders": [{"folderPath": "/x"}] * count}
        assert plane.send_json("DELETE", f"{FOLDERS}/batch", many).status == 400
    for count in (0, 101):
        many = {"folders": [{"source": "/x", "destination": "/y"}] * count}
        assert plane.send_json("POST", f"{FOLDERS}/copy/batch", many).status == 400
