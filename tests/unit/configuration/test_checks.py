"""What a document may say, without regard to what is stored."""

from __future__ import annotations

import json

import pytest

from byteward.configuration.apply import read_document
from byteward.configuration.source import DocumentError
from byteward.identity.issue import new_key_pair

ACCOUNT = "A623uY2"


def problems(**members: object) -> list[str]:
    text = json.dumps({"accounts": [{"accountId": ACCOUNT, **members}]})
    try:
        read_document(text)
    except DocumentError as error:
        return [problem.where.removeprefix("accounts[0].") for problem in error.problems]
    return []


def key(**members: object) -> list[str]:
    return problems(apiKeys=[{"name": "k", "kind": "public", **members}])


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"id": "short"}, "id"),
        ({"id": "0OIl0OIl"}, "id"),
        ({"kind": "root"}, "kind"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"key": "public_B7xk3Qzabc"}, "key"),
        ({"key": "secret_A623uY2abc"}, "key"),
        ({"key": "public_A623uY2 abc"}, "key"),
        ({"key": "public_A623uY2" + "a" * 201}, "key"),
        ({"enabled": 1}, "enabled"),
        ({"expiresAt": 1_700_000_000_000}, "expiresAt"),
        ({"expiresAt": -1}, "expiresAt"),
        ({"expiresAt": True}, "expiresAt"),
        ({"allowedOrigins": ["https://a.example", "a.example"]}, "allowedOrigins[1]"),
        ({"tags": ["a", "b c"]}, "tags[1]"),
        ({"tags": [str(n) for n in range(26)]}, "tags"),
        ({"secureUrlKey": "AAEC"}, "secureUrlKey"),
        ({"secureUrlKey": "A" * 43}, "secureUrlKey"),
        ({"uploadRateLimit": {"count": 0, "seconds": 60}}, "uploadRateLimit.count"),
        ({"uploadRateLimit": {"count": 1, "seconds": 0}}, "uploadRateLimit.seconds"),
        ({"uploadRateLimit": {"count": 1}}, "uploadRateLimit"),
        (
            {"defaultUploadPath": {"folderPath": "uploads", "fileName": "a"}},
            "defaultUploadPath.folderPath",
        ),
        (
            {"defaultUploadPath": {"folderPath": "/a", "fileName": "{NOTHING}"}},
            "defaultUploadPath.fileName",
        ),
        (
            {"defaultUploadPath": {"folderPath": "/a", "fileName": "a/b"}},
            "defaultUploadPath.fileName",
        ),
        ({"pathPermissions": [{"permissions": {}}]}, "pathPermissions[0]"),
        (
            {"pathPermissions": [{"pattern": "/a/**/b", "permissions": {}}]},
            "pathPermissions[0].pattern",
        ),
        (
            {"pathPermissions": [{"pattern": "/a", "permissions": {"write": {"files": {}}}}]},
            "pathPermissions[0].permissions.write.files",
        ),
        (
            {
                "pathPermissions": [
                    {"pattern": "/a/*", "permissions": {}},
                    {"match": {"path": "/a", "scope": "Children"}, "permissions": {}},
                ]
            },
            "pathPermissions[1]",
        ),
        ({"tagPermissions": {"write": ["a b"]}}, "tagPermissions.write[0]"),
        ({"tagPermissions": {"read": []}}, "tagPermissions.read"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_key_that_cannot_be_is_named_with_its_place(members: dict[str, object], where: str) -> None:
    assert key(**members) == [f"apiKeys[0].{where}"]


@pytest.mark.parametrize(
    "members",
    [
        {"key": "public_A623uY2"},
        {"key": "public_A623uY2_test-1"},
        {"expiresAt": None},
        {"expiresAt": 0},
        {"allowedOrigins": ["http://localhost:3000"]},
        {"uploadRateLimit": None},
        {"description": None},
        {"pathPermissions": [{"pattern": "/", "permissions": {}}]},
        {"tagPermissions": {}},
        {"secureUrlKey": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="},
    ],
)
def test_key_that_can_be_is_taken(members: dict[str, object]) -> None:
    assert key(**members) == []


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"folders": [{"folderPath": "a"}]}, "folders[0].folderPath"),
        ({"folders": [{"folderPath": "/a/../b"}]}, "folders[0].folderPath"),
        ({"folders": [{"folderPath": "/a", "description": ""}]}, "folders[0].description"),
        ({"folders": [{"folderPath": "/a", "description": "a" * 101}]}, "folders[0].description"),
        (
            {"folders": [{"folderPath": "/a", "storageLayer": {"type": "S3"}}]},
            "folders[0].storageLayer",
        ),
        (
            {"folders": [{"folderPath": "/a", "publicPermissions": [{"scope": "All"}]}]},
            "folders[0].publicPermissions[0].scope",
        ),
        ({"folders": [{"folderPath": "/a"}, {"folderPath": "/a"}]}, "folders[1].folderPath"),
        ({"presets": [{"name": "raw"}]}, "presets[0].name"),
        ({"presets": [{"name": "a/b"}]}, "presets[0].name"),
        ({"presets": [{"name": "a", "params": [{"": 1}]}]}, "presets[0].params[0]"),
        ({"users": [{"email": "nobody"}]}, "users[0].email"),
        ({"jwtCertificates": [{"id": "a b"}]}, "jwtCertificates[0].id"),
        ({"jwtCertificates": [{"id": "a", "pem": "nonsense"}]}, "jwtCertificates[0].pem"),
        ({"settings": {"browserOrigins": ["x"]}}, "settings.browserOrigins[0]"),
        ({"settings": {"maxUploadBytes": 1.5}}, "settings.maxUploadBytes"),
        ({"apiKeys": [{"kind": "public"}]}, "apiKeys[0]"),
        (
            {"apiKeys": [{"name": "a", "kind": "public"}, {"name": "a", "kind": "public"}]},
            "apiKeys[1].name",
        ),
        (
            {"apiKeys": [{"id": "AAAAAAAA", "name": "a"}, {"id": "AAAAAAAA", "name": "b"}]},
            "apiKeys[1].id",
        ),
    ],
)
def test_element_that_cannot_be_is_named_with_its_place(
    members: dict[str, object], where: str
) -> None:
    assert problems(**members) == [where]


def test_private_key_is_refused_as_a_certificate() -> None:
    pem = new_key_pair().private_pem
    text = json.dumps(
        {"accounts": [{"accountId": ACCOUNT, "jwtCertificates": [{"id": "c", "pem": pem}]}]}
    )
    with pytest.raises(DocumentError) as caught:
        read_document(text)
    assert "private key" in str(caught.value)
    assert "MII" not in str(caught.value)


def test_all_problems_of_meaning_are_told_at_once() -> None:
    found = problems(
        users=[{"email": "x"}], presets=[{"name": "raw"}], folders=[{"folderPath": "x"}]
    )
    assert found == ["folders[0].folderPath", "presets[0].name", "users[0].email"]


@pytest.mark.parametrize("account_id", ["", "A623uY", "A623uY22", "A623uY0", "A623uY\n"])
def test_account_id_is_seven_base58_characters(account_id: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_document(json.dumps({"accounts": [{"accountId": account_id}]}))
    assert caught.value.problems[0].where == "accounts[0].accountId"


def test_one_account_and_one_key_text_occur_once_in_a_document() -> None:
    other = {"name": "k", "kind": "public", "id": "AAAAAAAA"}
    document = {
        "accounts": [
            {"accountId": ACCOUNT, "apiKeys": [other]},
            {"accountId": "B7xk3Qz", "apiKeys": [other]},
            {"accountId": ACCOUNT},
        ]
    }
    with pytest.raises(DocumentError) as caught:
        read_document(json.dumps(document))
    assert [problem.where for problem in caught.value.problems] == [
        "accounts[2].accountId",
        "accounts[1].apiKeys[0].id",
    ]


@pytest.mark.parametrize("text", ["[]", "accounts: 1", "5", "{}", "accounts: [1]", "null"])
def test_document_of_another_shape_is_a_problem(text: str) -> None:
    with pytest.raises(DocumentError):
        read_document(text)
