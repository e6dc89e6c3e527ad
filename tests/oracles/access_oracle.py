"""The second opinion on permissions: the published rules as plain loops over wire data.

Nothing is compiled, cached or shared with the product, so a defect there is not repeated here.
Inputs are the JSON shapes of the wire (`pathPermissions`, `publicPermissions`, `access`), taken as
valid: checking them is not a question of permission. Fields are dotted, `write.file.createFile`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]  # Any: JSON as decoded from the wire, read without a schema
Grant = bool | list[str]

DOWNLOAD = "read.file.downloadFile"
PUBLIC_KEY_FIELDS = (
    DOWNLOAD,
    "read.file.getFileDetails",
    "read.folder.listFolderChildren",
    "write.file.createFile",
)
SETTINGS = ("FolderDescription", "FolderPublicPermissions", "FolderStorageLayer")
FIELDS = (
    *PUBLIC_KEY_FIELDS,
    *("write.file.deleteFile", "write.file.overwriteFile"),
    *("write.folder.createVirtualFolder", "write.folder.deleteVirtualFolder"),
    *(f"read.folder.get{setting}" for setting in SETTINGS),
    *(f"write.folder.set{setting}" for setting in SETTINGS),
)
SECRET_KEY_ONLY = ("account.jobs", "account.cache")  # without a path; any secret key, nothing else

_ORIGIN = re.compile(r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?(?:[/?#].*)?")


def segs(path: str) -> list[str]:
    """The segments of an absolute path; empty ones are kept, the root has none."""
    return [] if path == "/" else path[1:].split("/")


def path_match(base: str, scope: str, target: str) -> bool:
    """Whether `target` is `base` itself, its child, or deeper, as `scope` asks."""
    above, below = segs(base), segs(target)
    if below[: len(above)] != above:
        return False
    depth = len(below) - len(above)
    if scope == "This":
        return depth == 0
    if scope == "Children":
        return depth == 1
    return scope == "Grandchildren+" and depth >= 2


def slug_ok(patterns: Sequence[str], slug: str) -> bool:
    """Whether a pattern names the slug (or tag); only one trailing `*` is special."""
    for pattern in patterns:
        if pattern in ("*", slug):
            return True
        if pattern.endswith("*") and slug.startswith(pattern[:-1]):
            return True
    return False


def grant_of(permissions: Json, field: str) -> Grant | None:
    """What one entry says about a field; None when it does not mention it. JSON null is absence."""
    value: Any = permissions  # Any: any node of the JSON
    for name in field.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value if isinstance(value, bool) else None if value is None else list(value)


def covers(patterns: Sequence[str], pattern: str) -> bool:
    """Whether everything that `pattern` names is also named by `patterns`."""
    if not pattern.endswith("*"):
        return slug_ok(patterns, pattern)
    return any(other.endswith("*") and pattern[:-1].startswith(other[:-1]) for other in patterns)


def narrower(first: Grant | None, second: Grant | None, field: str) -> Grant:
    """The stricter of two grants for the same path and scope; not mentioned means not granted."""
    if field != DOWNLOAD:
        return first is True and second is True
    left = first if isinstance(first, list) else []
    right = second if isinstance(second, list) else []
    kept = [pattern for pattern in left if covers(right, pattern)]
    return kept + [pattern for pattern in right if covers(left, pattern) and pattern not in kept]


def combine_restrictively(entries: Sequence[Json]) -> Json:
    """One set of permissions out of several for the same path and scope."""
    combined: dict[str, dict[str, dict[str, Grant]]] = {}
    for field in FIELDS:
        grants = [grant_of(entry, field) for entry in entries]
        if all(grant is None for grant in grants):
            continue
        result = grants[0]
        for grant in grants[1:]:
            result = narrower(result, grant, field)
        verb, kind, name = field.split(".")
        if result is not None:
            combined.setdefault(verb, {}).setdefault(kind, {})[name] = result
    return combined


def resolve(entries: Sequence[Json], path: str) -> Json | None:
    """The most specific entry of one source that matches, as a whole; None if none does."""
    hits = [e for e in entries if path_match(e["match"]["path"], e["match"]["scope"], path)]
    if not hits:
        return None
    deepest = max(len(segs(entry["match"]["path"])) for entry in hits)
    same = [e.get("permissions") or {} for e in hits if len(segs(e["match"]["path"])) == deepest]
    return same[0] if len(same) == 1 else combine_restrictively(same)


def effective(field: str, path: str, key: Json | None, jwt: Json | None) -> Grant:
    """What key and JWT together say: the JWT where it mentions the field, else the key."""
    if jwt is not None:
        chosen = resolve((jwt.get("access") or {}).get("pathPermissions") or [], path)
        grant = None if chosen is None else grant_of(chosen, field)
        if grant is not None:
            return grant
    if key is not None and (key["kind"] == "secret" or field in PUBLIC_KEY_FIELDS):
        chosen = resolve(key.get("pathPermissions") or [], path)
        grant = None if chosen is None else grant_of(chosen, field)
        if grant is not None:
            return grant
    return [] if field == DOWNLOAD else False


def public_slugs(path: str, folders: Mapping[str, Sequence[Json] | None]) -> list[str]:
    """What anonymous users may fetch a file through; the nearest defining folder decides alone.

    Args:
        path: the path of the file.
        folders: `publicPermissions` by folder path; None or no item means inherit.
    """
    parts = segs(path)
    for length in range(len(parts) - 1, -1, -1):
        entries = folders.get("/" + "/".join(parts[:length]))
        if entries is None:
            continue
        wanted = "Children" if len(parts) - length == 1 else "Grandchildren+"
        slugs: list[str] = []
        for entry in entries:
            if entry["scope"] == wanted:
                slugs.extend(entry["permissions"]["file"]["downloadFile"])
        return slugs
    return []


def tag_ok(tag: str, key: Json | None, jwt: Json | None) -> bool:
    """Whether the caller may name a tag: the JWT's list if it has one, else the key's."""
    for holder in ((jwt or {}).get("access") or {}, key or {}):
        patterns = (holder.get("tagPermissions") or {}).get("write")
        if patterns is not None:
            return slug_ok(patterns, tag)
    return False


def normalise_origin(text: str) -> str | None:
    """Scheme, host and non-default port in lower case; None for anything else than http(s)."""
    found = _ORIGIN.fullmatch(text.lower())
    if found is None:
        return None
    default = {"http": 80, "https": 443}[found[1]]
    port = default if found[3] is None else int(found[3])
    return f"{found[1]}://{found[2]}" + ("" if port == default else f":{port}")


def origin_ok(allowed: Sequence[str] | None, headers: Mapping[str, str]) -> bool:
    """Whether a list of origins lets the request through; None is no restriction."""
    if allowed is None:
        return True
    sent = headers.get("Origin", headers.get("Referer"))
    origin = None if sent is None else normalise_origin(sent)
    return origin is not None and origin in [normalise_origin(item) for item in allowed]


def oracle_allows(request: Json) -> bool:
    """The verdict on `{principal: {key?, jwt?}, folders, field, path, slug?}`."""
    key, jwt = request["principal"].get("key"), request["principal"].get("jwt")
    field = request["field"]
    if field in SECRET_KEY_ONLY:
        return key is not None and key["kind"] == "secret"
    grant = effective(field, request["path"], key, jwt)
    if not isinstance(grant, list):
        return grant
    public = public_slugs(request["path"], request["folders"])
    return slug_ok(public, request["slug"]) or slug_ok(grant, request["slug"])


def oracle_tag_allows(request: Json) -> bool:
    """The verdict on `{principal: {key?, jwt?}, tag}`."""
    principal = request["principal"]
    return tag_ok(request["tag"], principal.get("key"), principal.get("jwt"))
