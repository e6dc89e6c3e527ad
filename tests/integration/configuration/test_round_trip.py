"""What is exported is what is stored: applying it changes nothing, whatever was stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from byteward.configuration.source import DocumentError
from tests.integration.configuration.stored import ACCOUNT, stored

NAMES = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
SLUGS = st.lists(st.sampled_from(["*", "raw", "image", "thumbnail-*"]), max_size=3, unique=True)
SCOPES = st.sampled_from(["This", "Children", "Grandchildren+"])
PATHS = st.lists(NAMES, max_size=3).map(lambda names: "/" + "/".join(names))
PERMISSIONS = st.fixed_dictionaries(
    {},
    optional={
        "read": st.fixed_dictionaries(
            {"file": st.fixed_dictionaries({}, optional={"downloadFile": SLUGS})}
        ),
        "write": st.fixed_dictionaries(
            {
                "file": st.fixed_dictionaries(
                    {}, optional={"createFile": st.booleans(), "deleteFile": st.booleans()}
                )
            }
        ),
    },
)
LIMITS = {
    "maxUploadBytes": st.none() | st.integers(0, 2**53),
    "uploadRateLimit": st.none()
    | st.builds(lambda n, s: {"count": n, "seconds": s}, st.integers(1, 9), st.integers(1, 99)),
    "uploadBytesLimit": st.none()
    | st.builds(lambda n, s: {"bytes": n, "seconds": s}, st.integers(1, 2**53), st.integers(1, 99)),
}
TAG_RULES = st.lists(
    st.fixed_dictionaries(
        {"tag": st.sampled_from(["a", "b.c", "user=1/2", "+"])},
        optional={**LIMITS, "ttlSeconds": st.none() | st.integers(1, 3_155_760_000)},
    ),
    max_size=3,
    unique_by=lambda rule: str(rule["tag"]),
)
QUOTAS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ["storedBytes", "storedFiles", "uploadsPerMonth"], st.none() | st.integers(0, 2**53)
    ),
)
PUBLIC = st.lists(
    st.builds(
        lambda scope, slugs: {"scope": scope, "permissions": {"file": {"downloadFile": slugs}}},
        SCOPES,
        SLUGS,
    ),
    max_size=3,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """An account document with everything that can be chosen freely."""
    rules = draw(
        st.dictionaries(st.tuples(PATHS, SCOPES), PERMISSIONS, max_size=4).map(
            lambda chosen: [
                {"match": {"path": path, "scope": scope}, "permissions": permissions}
                for (path, scope), permissions in chosen.items()
            ]
        )
    )
    folders = draw(st.dictionaries(PATHS, st.none() | PUBLIC, max_size=4))
    presets = draw(st.lists(st.sampled_from(["small", "large", "thumb-1"]), unique=True))
    users = draw(st.lists(st.sampled_from(["a@example.com", "b@example.com"]), unique=True))
    return {
        "accounts": [
            {
                "accountId": ACCOUNT,
                "name": draw(NAMES),
                "settings": {
                    "cacheTtl": draw(st.integers(0, 31_536_000)),
                    "browserOrigins": draw(
                        st.lists(st.sampled_from(["https://a.example", "http://b.example:8080"]))
                    ),
                    "quotas": draw(QUOTAS),
                },
                "tagRules": draw(TAG_RULES),
                "apiKeys": [
                    {
                        "name": name,
                        "kind": draw(st.sampled_from(["secret", "public"])),
                        "enabled": draw(st.booleans()),
                        "requireJwt": draw(st.booleans()),
                        "expiresAt": draw(st.none() | st.integers(1, 4_102_444_800)),
                        "pathPermissions": rules,
                        "tags": draw(st.lists(st.sampled_from(["x", "y"]), unique=True)),
                        **draw(st.fixed_dictionaries({}, optional=LIMITS)),
                    }
                    for name in draw(st.lists(NAMES, max_size=2, unique=True))
                ],
                "folders": [
                    {"folderPath": path, "publicPermissions": public}
                    for path, public in folders.items()
                ],
                "presets": [
                    {"name": name, "transformation": "image", "params": [{"w": 200}, {"f": "webp"}]}
                    for name in presets
                ],
                "users": [
                    {"email": email, "role": "owner" if index == 0 else "viewer"}
                    for index, email in enumerate(users)
                ],
            }
        ]
    }


@settings(max_examples=40)
@given(documents())
def test_applying_what_was_exported_changes_nothing(document: dict[str, Any]) -> None:
    with stored(json.dumps(document)) as world:
        for with_secrets in (False, True):
            exported = world.export_text(with_secrets=with_secrets)
            assert world.apply(exported, prune=True).changes == ()
            assert world.export_text(with_secrets=with_secrets) == exported


@settings(max_examples=20)
@given(documents())
def test_a_dry_run_finds_the_same_changes_and_stores_none(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    with stored() as world:
        planned = world.apply(text, dry_run=True)
        assert world.export() == {"accounts": []}
        done = world.apply(text)
        assert [(c.what, c.kind) for c in planned.changes] == [
            (c.what, c.kind) for c in done.changes
        ]
        assert world.apply(text).changes == ()


@pytest.mark.parametrize(
    ("member", "value", "place"),
    [
        ("nmae", "x", "nmae"),
        ("settings", {"cacheTtl": -1}, "settings.cacheTtl"),
        ("folders", [{"folderPath": "private"}], "folders[0].folderPath"),
        ("users", [{"email": "a@example.com", "role": "king"}], "users[0].role"),
        ("apiKeys", [{"name": "k", "kind": "public", "tags": ["a b"]}], "apiKeys[0].tags"),
        ("settings", {"quotas": {"storedBytes": -1}}, "settings.quotas.storedBytes"),
        ("settings", {"quotas": {"files": 1}}, "settings.quotas.files"),
        ("tagRules", [{"tag": "a b"}], "tagRules[0].tag"),
        ("tagRules", [{"tag": "a"}, {"tag": "a"}], "tagRules[1].tag"),
        ("tagRules", [{"tag": "a", "ttlSeconds": 0}], "tagRules[0].ttlSeconds"),
        ("tagRules", [{"tag": "a", "ttl": 1}], "tagRules[0].ttl"),
        (
            "tagRules",
            [{"tag": "a", "uploadBytesLimit": {"bytes": 0, "seconds": 1}}],
            "tagRules[0].uploadBytesLimit.bytes",
        ),
    ],
)
def test_a_fault_is_named_with_its_place_and_nothing_is_stored(
    member: str, value: object, place: str
) -> None:
    document = {"accounts": [{"accountId": ACCOUNT, member: value}]}
    with stored() as world:
        with pytest.raises(DocumentError) as caught:
            world.apply(json.dumps(document))
        assert place in str(caught.value)
        assert world.export() == {"accounts": []}
