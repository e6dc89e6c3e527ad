"""Which server, bucket and keys a storage layer means (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from byteward.files.storage_layers import (
    BucketLayer,
    GenericS3Layer,
    GoogleLayer,
    NewAzureLayer,
    NewGenericS3Layer,
    NewGoogleLayer,
    NewR2Layer,
    NewS3Layer,
    NewSpacesLayer,
    R2Layer,
    S3Layer,
    SpacesLayer,
)
from byteward.outbound.url import OutboundUrl, parse_url
from byteward.storage.external.azure import Container
from byteward.storage.external.s3_requests import Bucket
from byteward.storage.external.sigv4 import SigningKey

NewBucketLayer = NewS3Layer | NewSpacesLayer | NewR2Layer | NewGoogleLayer | NewGenericS3Layer
"""Bucket layers with their credentials."""


@dataclass(frozen=True, slots=True)
class _Where:
    """A server, whether the bucket stands in its host name, and the region to sign for."""

    url: str
    names_bucket: bool
    region: str


def bucket_of(layer: NewBucketLayer) -> Bucket:
    """The bucket behind a layer, with what signs its requests."""
    where, name = _where(layer), layer.bucket.bucket_name
    access_key, secret_key = _keys(layer)
    return Bucket(
        endpoint=_endpoint(where, name),
        path_prefix="" if where.names_bucket else f"/{name}",
        key=SigningKey(access_key, secret_key, where.region),
    )


def location_of(layer: BucketLayer) -> str:
    """The same bucket's name for records: where its objects are, without who asks for them."""
    return f"{_where(layer).url}/{layer.bucket.bucket_name}"


def container_of(layer: NewAzureLayer) -> Container:
    """The container behind a layer."""
    azure = layer.azure_storage
    return Container(
        endpoint=parse_url(f"https://{azure.account_name}.blob.core.windows.net"),
        path_prefix=f"/{azure.container_name}",
        sas_token=layer.credentials.sas_token,
    )


def _where(layer: BucketLayer) -> _Where:
    match layer:
        case S3Layer():
            return _amazon(layer)
        case SpacesLayer(bucket=bucket):
            region = bucket.bucket_region
            return _Where(
                f"https://{region}.digitaloceanspaces.com", _may_be_host(bucket.bucket_name), region
            )
        case R2Layer(cloudflare_account_id=account):
            return _Where(f"https://{account}.r2.cloudflarestorage.com", False, "auto")
        case GoogleLayer():
            return _Where("https://storage.googleapis.com", False, "auto")
        case GenericS3Layer(bucket=generic):
            url = parse_url(generic.bucket_endpoint)
            names = (
                not generic.force_path_style
                and url.address is None
                and _may_be_host(generic.bucket_name)
            )
            return _Where(f"{url.scheme}://{url.authority}", names, generic.bucket_region)


def _amazon(layer: S3Layer) -> _Where:
    region, names = layer.bucket.bucket_region, _may_be_host(layer.bucket.bucket_name)
    if layer.use_transfer_acceleration and names:
        return _Where("https://s3-accelerate.amazonaws.com", names, region)
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return _Where(f"https://s3.{region}.{suffix}", names, region)


def _may_be_host(bucket_name: str) -> bool:
    """Whether certificates for `*.server` cover `bucket.server`, and DNS can carry it."""
    return "." not in bucket_name and "_" not in bucket_name and bucket_name.islower()


def _endpoint(where: _Where, bucket_name: str) -> OutboundUrl:
    scheme, _, authority = where.url.partition("://")
    host = f"{bucket_name}.{authority}" if where.names_bucket else authority
    return parse_url(f"{scheme}://{host}")


def _keys(layer: NewBucketLayer) -> tuple[str, str]:
    match layer:
        case NewS3Layer(credentials=aws):
            return aws.aws_access_key, aws.aws_secret_key
        case NewSpacesLayer(credentials=spaces):
            return spaces.spaces_access_key, spaces.spaces_secret_key
        case NewR2Layer(credentials=r2):
            return r2.r2_access_key, r2.r2_secret_key
        case NewGoogleLayer(credentials=google):
            return google.google_access_key, google.google_secret_key
        case NewGenericS3Layer(credentials=generic):
            return generic.access_key, generic.secret_key
