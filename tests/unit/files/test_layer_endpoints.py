"""Which servers and buckets layers mean."""

from __future__ import annotations

from typing import Any

import pytest

from byteward.files.layer_endpoints import bucket_of, container_of, location_of
from byteward.files.storage_layers import (
    NewAzureLayer,
    NewStorageLayer,
    parse_layer,
    without_credentials,
)
from tests.unit.files.test_storage_layers import GENERIC, S3, SHOWN, changed

LAYERS = {str(shown["type"]): (shown, credentials) for shown, credentials in SHOWN}


def layer(kind: str, **fields: object) -> Any:  # noqa: ANN401 - one of the union
    wire, credentials = LAYERS[kind]
    for name, value in fields.items():
        wire = changed(wire, name.replace("__", "."), value)
    return parse_layer({**wire, "credentials": credentials})


@pytest.mark.parametrize(
    ("found", "url", "region"),
    [
        (layer("S3"), "https://photos.s3.eu-west-1.amazonaws.com", "eu-west-1"),
        (
            layer("S3", bucket__bucketName="my.photos"),
            "https://s3.eu-west-1.amazonaws.com/my.photos",
            "eu-west-1",
        ),
        (
            layer("S3", useTransferAcceleration=True),
            "https://photos.s3-accelerate.amazonaws.com",
            "eu-west-1",
        ),
        (
            layer("S3", bucket__bucketRegion="cn-north-1"),
            "https://photos.s3.cn-north-1.amazonaws.com.cn",
            "cn-north-1",
        ),
        (layer("DigitalOceanSpace"), "https://photos.fra1.digitaloceanspaces.com", "fra1"),
        (layer("R2"), "https://0123456789abcdef.r2.cloudflarestorage.com/photos", "auto"),
        (layer("GoogleStorage"), "https://storage.googleapis.com/my_photos", "auto"),
        (layer("GenericS3"), "https://s3.example.test:9000/photos", "us-east-1"),
        (
            layer("GenericS3", bucket__forcePathStyle=False),
            "https://photos.s3.example.test:9000",
            "us-east-1",
        ),
        (
            layer("GenericS3", bucket__forcePathStyle=False, bucket__bucketName="my.photos"),
            "https://s3.example.test:9000/my.photos",
            "us-east-1",
        ),
        (
            layer(
                "GenericS3",
                bucket__forcePathStyle=False,
                bucket__bucketEndpoint="http://10.0.0.1:9000",
            ),
            "http://10.0.0.1:9000/photos",
            "us-east-1",
        ),
    ],
)
def test_buckets_are_where_their_providers_have_them(found: Any, url: str, region: str) -> None:  # noqa: ANN401 - one of the union
    bucket = bucket_of(found)
    endpoint = bucket.endpoint
    assert f"{endpoint.scheme}://{endpoint.authority}{bucket.path_prefix}" == url
    assert bucket.key.region == region


def test_a_bucket_has_one_location_whoever_asks_and_wherever_its_folder_begins() -> None:
    one = layer("S3")
    other: NewStorageLayer = parse_layer(  # type: ignore[assignment] # it has credentials
        {
            **changed(S3, "bucket.objectKeyPrefix", "other/"),
            "credentials": {"awsAccessKey": "X" * 20, "awsSecretKey": "Y" * 40},
        }
    )
    locations = {location_of(without_credentials(each)) for each in (one, other)}  # type: ignore[arg-type] # both are buckets
    assert locations == {"https://s3.eu-west-1.amazonaws.com/photos"}
    generic = location_of(parse_layer(GENERIC))  # type: ignore[arg-type] # a bucket
    assert generic == "https://s3.example.test:9000/photos"


def test_azure_containers() -> None:
    found = layer("AzureReadOnly")
    assert isinstance(found, NewAzureLayer)
    container = container_of(found)
    assert container.endpoint.text == "https://photos.blob.core.windows.net/"
    assert container.path_prefix == "/my-photos"
    assert "sig=" not in repr(container)
