"""Storage layers on the wire: their limits, and that credentials stay out of the read form."""

from __future__ import annotations

import msgspec
import pytest

from byteward.files.storage_layers import (
    NewStorageLayer,
    decode_layer,
    encode_layer,
    is_complete,
    layer_problems,
    layer_to_wire,
    parse_layer,
    without_credentials,
)

KEYS = ("K" * 20, "S" * 40)
S3 = {
    "type": "S3",
    "bucket": {"bucketName": "photos", "bucketRegion": "eu-west-1", "objectKeyPrefix": "p/"},
    "useAbsolutePaths": True,
    "useTransferAcceleration": False,
}
GENERIC = {
    "type": "GenericS3",
    "bucket": {
        "bucketName": "photos",
        "bucketRegion": "us-east-1",
        "bucketEndpoint": "https://s3.example.test:9000",
        "forcePathStyle": True,
        "objectKeyPrefix": "",
        "unsupportedOperations": ["DeleteObjects"],
    },
    "useAbsolutePaths": False,
}
SHOWN: list[tuple[dict[str, object], dict[str, str]]] = [
    (S3, {"awsAccessKey": KEYS[0], "awsSecretKey": KEYS[1]}),
    (
        {
            "type": "DigitalOceanSpace",
            "bucket": {"bucketName": "photos", "bucketRegion": "fra1", "objectKeyPrefix": ""},
            "useAbsolutePaths": False,
        },
        {"spacesAccessKey": KEYS[0], "spacesSecretKey": KEYS[1]},
    ),
    (
        {
            "type": "R2",
            "bucket": {"bucketName": "photos", "objectKeyPrefix": ""},
            "cloudflareAccountId": "0123456789abcdef",
            "useAbsolutePaths": False,
        },
        {"r2AccessKey": KEYS[0], "r2SecretKey": KEYS[1]},
    ),
    (
        {
            "type": "GoogleStorage",
            "bucket": {"bucketName": "my_photos", "objectKeyPrefix": ""},
            "useAbsolutePaths": False,
        },
        {"googleAccessKey": KEYS[0], "googleSecretKey": KEYS[1]},
    ),
    (GENERIC, {"accessKey": "k", "secretKey": "s"}),
    (
        {
            "type": "AzureReadOnly",
            "azureStorage": {
                "accountName": "photos",
                "containerName": "my-photos",
                "blobNamePrefix": "a/",
            },
            "useAbsolutePaths": False,
        },
        {"sasToken": "sv=2024-11-04&sig=abc%3D"},
    ),
]
WITHOUT_SECRETS: list[dict[str, object]] = [
    {"type": "InternalStorageV2"},
    {"type": "InternalStorageV2", "mount": "/other"},
    {"type": "Web"},
    {
        "type": "Web",
        "baseUrl": "https://images.example.test/a/",
        "appendQueryString": "auto=format&w=1",
        "queryStringForwarding": {"type": "Whitelist", "parameters": [{"name": "w%5B%5D"}]},
    },
]


@pytest.mark.parametrize(("shown", "credentials"), SHOWN)
def test_the_form_that_is_read_has_all_but_the_credentials(
    shown: dict[str, object], credentials: dict[str, str]
) -> None:
    layer = parse_layer({**shown, "credentials": credentials})
    assert is_complete(layer)
    assert layer_to_wire(without_credentials(layer)) == shown
    assert parse_layer(shown) == without_credentials(layer)
    assert not is_complete(parse_layer(shown))


@pytest.mark.parametrize(("shown", "credentials"), SHOWN)
def test_credentials_do_not_show_in_the_text_of_a_layer(
    shown: dict[str, object], credentials: dict[str, str]
) -> None:
    text = repr(parse_layer({**shown, "credentials": credentials}))
    assert "Credentials(…)" in text
    assert all(f"'{secret}'" not in text for secret in credentials.values())


@pytest.mark.parametrize("wire", WITHOUT_SECRETS)
def test_a_layer_without_secrets_has_one_form(wire: dict[str, object]) -> None:
    layer = parse_layer(wire)
    assert is_complete(layer)
    assert layer_to_wire(without_credentials(layer)) == wire
    assert decode_layer(encode_layer(layer)) == layer
    assert list(layer_problems(without_credentials(layer))) == []


def changed(wire: dict[str, object], path: str, value: object) -> dict[str, object]:
    copy: dict[str, object] = msgspec.json.decode(msgspec.json.encode(wire))
    inner = copy
    *way, last = path.split(".")
    for step in way:
        found = inner[step]
        assert isinstance(found, dict)
        inner = found
    inner[last] = value
    return copy


@pytest.mark.parametrize(
    ("wire", "path", "value"),
    [
        (S3, "type", "InternalStorageV1"),
        (S3, "more", 1),
        (S3, "bucket.bucketName", "ab"),
        (S3, "bucket.bucketName", "a" * 64),
        (S3, "bucket.bucketName", "Upper"),
        (S3, "bucket.bucketName", "under_score"),
        (S3, "bucket.bucketName", "xn--photos"),
        (S3, "bucket.bucketName", "photos-s3alias"),
        (S3, "bucket.bucketName", "photos\n"),
        (S3, "bucket.bucketRegion", "eu-west-1\n"),
        (S3, "bucket.bucketRegion", "eu.west"),
        (S3, "bucket.objectKeyPrefix", "a b"),
        (S3, "bucket.objectKeyPrefix", "a" * 1025),
        (SHOWN[1][0], "bucket.bucketRegion", "frankfurt"),
        (SHOWN[2][0], "cloudflareAccountId", "evil.test/"),
        (GENERIC, "bucket.unsupportedOperations", ["PutObject"]),
        (SHOWN[5][0], "azureStorage.accountName", "a.b"),
        (SHOWN[5][0], "azureStorage.containerName", "a--b"),
        (WITHOUT_SECRETS[3], "appendQueryString", "?a=b"),
        (WITHOUT_SECRETS[3], "appendQueryString", "a=b c"),
        (WITHOUT_SECRETS[3], "baseUrl", "h" * 256),
        (WITHOUT_SECRETS[3], "queryStringForwarding.type", "Greylist"),
        (WITHOUT_SECRETS[3], "queryStringForwarding.parameters", [{"name": "a&b"}]),
    ],
)  # fmt: skip
def test_fields_keep_their_limits(wire: dict[str, object], path: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        parse_layer(changed(wire, path, value))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("awsAccessKey", "K" * 15),
        ("awsAccessKey", "K" * 129),
        ("awsSecretKey", "S" * 29),
        ("awsSecretKey", "S" * 39 + "\n"),
        ("awsSecretKey", "S" * 20 + " " + "S" * 20),
    ],
)
def test_credentials_keep_their_limits(name: str, value: str) -> None:
    credentials = {"awsAccessKey": KEYS[0], "awsSecretKey": KEYS[1], name: value}
    with pytest.raises(msgspec.ValidationError):
        parse_layer({**S3, "credentials": credentials})


@pytest.mark.parametrize(
    ("wire", "field"),
    [
        ({"type": "InternalStorageV2", "mount": "/a/../b"}, "mount"),
        ({"type": "Web", "baseUrl": "ftp://example.test/"}, "baseUrl"),
        ({"type": "Web", "baseUrl": "https://user:pw@example.test/"}, "baseUrl"),
        ({"type": "Web", "baseUrl": "https://example.test/?a=b"}, "baseUrl"),
        (changed(GENERIC, "bucket.bucketEndpoint", "s3.example.test"), "bucket.bucketEndpoint"),
        (
            changed(GENERIC, "bucket.bucketEndpoint", "https://s3.example.test/photos"),
            "bucket.bucketEndpoint",
        ),
        (
            changed(GENERIC, "bucket.bucketEndpoint", "https://s3.example.test/?x"),
            "bucket.bucketEndpoint",
        ),
    ],
)
def test_urls_and_paths_are_judged_by_their_own_readers(
    wire: dict[str, object], field: str
) -> None:
    layer: NewStorageLayer = msgspec.convert(
        {**wire, **({"credentials": SHOWN[4][1]} if wire["type"] == "GenericS3" else {})},
        NewStorageLayer,
    )
    assert [found for found, _ in layer_problems(without_credentials(layer))] == [field]
