"""Permissions as they stand in JWTs, from the last words of their names."""

from __future__ import annotations

from typing import Any

from byteward.access.actions import Action

_BY_WORD = {action.value.rpartition(".")[2]: action.value.split(".") for action in Action}


def grants(path: str, scope: str, **allowed: object) -> dict[str, Any]:
    """One entry of `pathPermissions`; `downloadFile=["raw"]`, `deleteFile=True`, …"""
    permissions: dict[str, Any] = {}
    for word, value in allowed.items():
        kind, of, name = _BY_WORD[word]
        permissions.setdefault(kind, {}).setdefault(of, {})[name] = value
    return {"match": {"path": path, "scope": scope}, "permissions": permissions}


def access(*entries: dict[str, Any]) -> dict[str, Any]:
    """The `access` claim of a JWT."""
    return {"pathPermissions": list(entries)}
