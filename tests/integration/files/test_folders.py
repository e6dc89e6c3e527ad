"""PutFolder and GetFolderDetails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from byteward.access.actions import Action
from byteward.permissions.guard import Guard
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.asgi_client import Response

FOLDERS = f"{BASE}/folders"
PUBLIC = [
    {"scope": "Children", "permissions": {"file": {"downloadFile": ["*"]}}},
    {"scope": "Grandchildren+", "permissions": {"file": {"downloadFile": ["*"]}}},
]
INTERNAL = {"type": "InternalStorageV2"}
FROM_ROOT = {
    "publicPermissions": {"folderPath": "/", "value": PUBLIC},
    "storageLayer": {"folderPath": "/", "value": INTERNAL},
}


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


# Any: settings are as deep as each case makes them.
def put(plane: Plane, path: str, settings: Any = None, *, key: str = "SK", **more: Any) -> Response:  # noqa: ANN401
    body = {"folderPath": path, **more}
    if settings is not None:
        body["folderSettings"] = settings
    return plane.send_json("PUT", FOLDERS, body, key=key)


def get(plane: Plane, path: str, *, key: str = "SK") -> Response:
    return plane.call("GET", f"{FOLDERS}?folderPath={path}", key=key)


def grants(plane: Plane, path: str, scope: str, folder: str, **fields: bool) -> None:
    entry = {"match": {"path": path, "scope": scope}, "permissions": {folder: {"folder": fields}}}
    plane.keys["J"] = plane.jwt({"pathPermissions": [entry]})


def test_folder_is_made_with_its_ancestors_and_again(plane: Plane) -> None:
    for _ in range(2):
        answer = put(plane, "/n/m")
        assert answer.status == 200
        assert answer.json == {
            "folderPath": "/n/m",
            "type": "Folder",
            "virtual": True,
            "settings": {},
            "settingsInherited": FROM_ROOT,
        }
    assert get(plane, "/n").json["virtual"]


def test_folder_that_nobody_made_has_no_settings(plane: Plane) -> None:
    answer = get(plane, "/never")
    assert answer.json == {
        "folderPath": "/never",
        "type": "Folder",
        "virtual": False,
        "settings": {},
        "settingsInherited": FROM_ROOT,
    }


def test_physical_folder_becomes_virtual_and_then_stays_when_empty(plane: Plane) -> None:
    plane.put("/p/f")
    assert not get(plane, "/p").json["virtual"]
    put(plane, "/p")
    plane.call("DELETE", f"{BASE}/files?filePath=/p/f", key="SK")
    assert get(plane, "/p").json["virtual"]


def test_root_is_virtual_and_shows_the_accounts_defaults(plane: Plane) -> None:
    answer = get(plane, "/").json
    assert answer["virtual"]
    assert answer["settings"] == {"publicPermissions": PUBLIC}
    assert answer["settingsInherited"] == FROM_ROOT


def test_field_is_written_left_and_cleared(plane: Plane) -> None:
    def description(update: object) -> object:
        return put(plane, "/n", {"description": update}).json["settings"].get("description")

    assert description({"set": True, "value": "D"}) == "D"
    assert description({"set": False}) == "D"
    assert put(plane, "/n").json["settings"] == {"description": "D"}
    assert description({"set": True}) is None
    description({"set": True, "value": "D"})
    assert description({"set": True, "value": None}) is None


def test_public_permissions_are_inherited_from_the_nearest_folder(plane: Plane) -> None:
    put(plane, "/n", {"publicPermissions": {"set": True, "value": []}})
    assert get(plane, "/n").json["settings"] == {"publicPermissions": []}
    assert get(plane, "/n").json["settingsInherited"] == FROM_ROOT
    inherited = get(plane, "/n/m").json["settingsInherited"]["publicPermissions"]
    assert inherited == {"folderPath": "/n", "value": []}


def test_change_of_public_permissions_holds_for_the_next_decision(plane: Plane) -> None:
    services = plane.services

    def is_public() -> bool:
        services.facts.refresh()
        found = plane.run(services.facts.public_permissions(ACCOUNT, ("n",)))
        return found is not None and found.children == ("*",)

    assert is_public()
    put(plane, "/n", {"publicPermissions": {"set": True, "value": []}})
    assert not is_public()
    put(plane, "/n", {"publicPermissions": {"set": True}})
    assert is_public()


def test_unnamed_folder_needs_the_flag(plane: Plane) -> None:
    answer = put(plane, "/n/")
    assert (answer.status, answer.code) == (400, "invalid_path")
    assert "allowUnnamedFolder" in answer.json["error"]["message"]
    made = put(plane, "/n/", {"description": {"set": True, "value": "x"}}, allowUnnamedFolder=True)
    assert made.json["folderPath"] == "/n/"
    assert get(plane, "/n/").json["folderPath"] == "/n/"
    assert get(plane, "/n").json["settings"] == {}


def test_trailing_slash_is_dropped_where_no_such_folder_is_recorded(plane: Plane) -> None:
    assert get(plane, "/other/").json["folderPath"] == "/other"


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"description": {"set": True, "value": "x" * 101}}, "description.value"),
        ({"description": {"set": True, "value": " x"}}, "description.value"),
        ({"description": {"set": True, "value": "   "}}, "description.value"),
        ({"description": {"set": False, "value": "x"}}, "description.value"),
        ({"description": {"value": "x"}}, "description.set"),
        ({"description": "x"}, "description"),
        ({"publicPermissions": {"set": True, "value": {}}}, "publicPermissions.value"),
        (
            {"publicPermissions": {"set": True, "value": [{"scope": "All"}]}},
            "publicPermissions.value.$0.scope",
        ),
        (
            {"publicPermissions": {"set": True, "value": [
                {"scope": "This", "permissions": {"file": {"downloadFile": ["a"] * 11}}}
            ]}},
            "publicPermissions.value.$0.permissions.file.downloadFile",
        ),
        ({"storageLayer": {"set": True, "value": {"type": "S4"}}}, "storageLayer.value.type"),
        ({"storageLayer": {"set": True, "value": {"type": "S3"}}}, "storageLayer.value.bucket"),
        (
            {"storageLayer": {"set": True, "value": {"type": "InternalStorageV2", "x": 1}}},
            "storageLayer.value.x",
        ),
        ({"other": {"set": False}}, "other"),
    ],
)  # fmt: skip
def test_bad_settings_change_nothing(plane: Plane, settings: object, where: str) -> None:
    answer = put(plane, "/bad", settings)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert f"body.folderSettings.{where}" in answer.json["error"]["details"]
    assert not get(plane, "/bad").json["virtual"]


def test_name_twice_in_a_body_that_changes_authority_is_refused(plane: Plane) -> None:
    answer = plane.call("PUT", FOLDERS, key="SK", body=b'{"folderPath":"/a","folderPath":"/b"}')
    assert (answer.status, answer.code) == (400, "invalid_json")


def test_only_readable_settings_are_shown(plane: Plane) -> None:
    put(
        plane,
        "/n",
        {
            "description": {"set": True, "value": "D"},
            "publicPermissions": {"set": True, "value": []},
        },
    )
    grants(plane, "/n", "This", "read", getFolderDescription=True)
    answer = get(plane, "/n", key="J").json
    assert answer["settings"] == {"description": "D"}
    assert answer["settingsInherited"] == {}
    assert get(plane, "/n", key="PK").status == 403
    assert get(plane, "/elsewhere", key="J").status == 403


def test_each_field_needs_its_own_permission(plane: Plane) -> None:
    put(plane, "/n")
    grants(plane, "/n", "This", "write", setFolderDescription=True)
    assert put(plane, "/n", {"description": {"set": True, "value": "x"}}, key="J").status == 200
    refused = put(plane, "/n", {"publicPermissions": {"set": True, "value": []}}, key="J")
    assert refused.json["error"]["details"]["permission"] == (
        Action.SET_FOLDER_PUBLIC_PERMISSIONS.value
    )
    assert put(plane, "/n", key="J").status == 403


def test_new_folder_needs_the_permission_to_create_it(plane: Plane) -> None:
    grants(plane, "/u", "Children", "write", createVirtualFolder=True)
    assert put(plane, "/u/new", key="J").status == 200
    assert put(plane, "/other/new", key="J").status == 403
    grants(plane, "/u", "Children", "write", setFolderDescription=True)
    update = {"description": {"set": True, "value": "x"}}
    assert put(plane, "/u/second", update, key="J").status == 403
    assert put(plane, "/u/new", update, key="J").status == 200


def test_permission_withdrawn_in_between_is_seen_by_the_transaction(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Guard.require

    # Any: passes through whatever the guard was asked.
    async def require(self: Guard, *arguments: Any, **more: Any) -> object:  # noqa: ANN401
        decision = await original(self, *arguments, **more)
        await plane.request_sql("UPDATE api_keys SET enabled = 0")
        await plane.request_sql("UPDATE accounts SET authority_epoch = authority_epoch + 1")
        return decision

    monkeypatch.setattr(Guard, "require", require)
    assert put(plane, "/late").status == 401
