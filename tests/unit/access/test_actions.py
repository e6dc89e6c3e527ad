from __future__ import annotations

from byteward.access.actions import FLAG_ACTIONS, PUBLIC_KEY_CAP, Action


def test_there_are_fourteen_actions_named_as_on_the_wire() -> None:
    assert len(Action) == 14
    assert {action.value.split(".")[0] for action in Action} == {"read", "write"}
    assert {action.value.split(".")[1] for action in Action} == {"file", "folder"}


def test_all_but_downloads_are_granted_by_a_flag() -> None:
    assert {Action.DOWNLOAD_FILE} | set(FLAG_ACTIONS) == set(Action)
    assert Action.DOWNLOAD_FILE not in FLAG_ACTIONS


def test_public_keys_can_be_granted_nothing_destructive() -> None:
    assert {
        Action.DOWNLOAD_FILE,
        Action.GET_FILE_DETAILS,
        Action.LIST_FOLDER_CHILDREN,
        Action.CREATE_FILE,
    } == PUBLIC_KEY_CAP
