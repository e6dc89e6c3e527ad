"""Storage layers of folders as they stand on the wire: where a folder's files are kept (pure).

Every layer has two forms. The form that is written carries credentials; the form that is read is
the same object without them. A folder's settings hold the read form only, so whatever shows
settings cannot show a credential.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, TypeGuard

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from byteward.errors import BytewardError
from byteward.outbound.url import Scheme, UrlError, parse_url
from byteward.paths import parse_segments

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

_BUCKET: Final = r"^(?!xn--)[a-z0-9][a-z0-9.-]*[a-z0-9](?<!-s3alias)$"
_PREFIX: Final = Meta(max_length=1024, pattern=r"^[^\s\x00-\x1f\x7f]*$")
_KEY: Final = Meta(min_length=16, max_length=128, pattern=r"^[!-~]*$")
_SECRET: Final = Meta(min_length=30, max_length=128, pattern=r"^[!-~]*$")
_ANY_KEY: Final = Meta(min_length=1, max_length=256, pattern=r"^[!-~]*$")

Prefix = Annotated[str, _PREFIX]
AccessKey = Annotated[str, _KEY]
SecretKey = Annotated[str, _SECRET]
GenericKey = Annotated[str, _ANY_KEY]
BucketName = Annotated[
    str,
    Meta(
        min_length=3, max_length=63, pattern=r"^(?!xn--)[a-z0-9][a-z0-9.-]*[a-z0-9](?<!-s3alias)$"
    ),
]
GoogleBucketName = Annotated[
    str, Meta(min_length=3, max_length=63, pattern=r"^[a-z0-9][a-z0-9._-]*[a-z0-9]$")
]
GenericBucketName = Annotated[
    str, Meta(min_length=3, max_length=63, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]$")
]
Region = Annotated[str, Meta(min_length=1, max_length=20, pattern=r"^[a-z0-9-]*$")]
SpacesRegion = Annotated[str, Meta(min_length=4, max_length=4, pattern=r"^[a-z]{3}[0-9]$")]


class _Wire(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An object of the wire, closed."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            # SECURITY: a pattern's `$` lets a line break at the end pass.
            if isinstance(value, str) and _CONTROL.search(value):
                message = f"`{name}` contains a control character"
                raise ValueError(message)


class _Secret(_Wire, frozen=True, kw_only=True):
    """Credentials; they stay out of logs and messages."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class S3Bucket(_Wire, frozen=True, kw_only=True):
    """A bucket of AWS."""

    bucket_name: BucketName
    bucket_region: Region
    object_key_prefix: Prefix = ""


class SpacesBucket(_Wire, frozen=True, kw_only=True):
    """A DigitalOcean Space."""

    bucket_name: BucketName
    bucket_region: SpacesRegion
    object_key_prefix: Prefix = ""


class R2Bucket(_Wire, frozen=True, kw_only=True):
    """A bucket of Cloudflare R2, which has no regions."""

    bucket_name: BucketName
    object_key_prefix: Prefix = ""


class GoogleBucket(_Wire, frozen=True, kw_only=True):
    """A bucket of Google Cloud Storage."""

    bucket_name: GoogleBucketName
    object_key_prefix: Prefix = ""


class GenericBucket(_Wire, frozen=True, kw_only=True):
    """A bucket of any server that speaks S3.

    `bucket_endpoint` is the server alone, without the bucket. `unsupported_operations` names what
    the server lacks; deletions are single requests anyway.
    """

    bucket_name: GenericBucketName
    bucket_region: Region
    bucket_endpoint: Annotated[str, Meta(min_length=1, max_length=255)]
    force_path_style: bool = True
    object_key_prefix: Prefix = ""
    unsupported_operations: Annotated[tuple[Literal["DeleteObjects"], ...], Meta(max_length=1)] = ()


class S3Credentials(_Secret, frozen=True, kw_only=True):
    """Keys of an AWS user."""

    aws_access_key: AccessKey
    aws_secret_key: SecretKey


class SpacesCredentials(_Secret, frozen=True, kw_only=True):
    """A Spaces key."""

    spaces_access_key: AccessKey
    spaces_secret_key: SecretKey


class R2Credentials(_Secret, frozen=True, kw_only=True):
    """An R2 API token's S3 keys."""

    r2_access_key: AccessKey
    r2_secret_key: SecretKey


class GoogleCredentials(_Secret, frozen=True, kw_only=True):
    """HMAC keys of a service account."""

    google_access_key: AccessKey
    google_secret_key: SecretKey


class GenericCredentials(_Secret, frozen=True, kw_only=True):
    """Keys of any S3 server; development servers have short ones."""

    access_key: GenericKey
    secret_key: GenericKey


class AzureCredentials(_Secret, frozen=True, kw_only=True):
    """A shared access signature: a query string without its question mark."""

    sas_token: Annotated[str, Meta(max_length=1000, pattern=r"^(?!\?)[!-~]*$")]


class AzureContainer(_Wire, frozen=True, kw_only=True):
    """A container of Azure Blob Storage."""

    account_name: Annotated[str, Meta(min_length=3, max_length=24, pattern=r"^[a-z0-9]*$")]
    container_name: Annotated[
        str, Meta(min_length=3, max_length=63, pattern=r"^(\$root|\$web|[a-z0-9](-?[a-z0-9])*)$")
    ]
    blob_name_prefix: Prefix = ""


class QueryParameter(_Wire, frozen=True, kw_only=True):
    """A name of a query parameter, percent-encoded as it stands in URLs."""

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[!\"$%'-<>-~]*$")]


class QueryForwarding(_Wire, frozen=True, kw_only=True):
    """Which parameters of a request are sent on to the web server."""

    type: Literal["Whitelist", "Blacklist"]
    parameters: Annotated[tuple[QueryParameter, ...], Meta(max_length=100)]


class _Layer(_Wire, frozen=True, kw_only=True, tag_field="type"):
    """A storage layer."""


class InternalLayer(_Layer, frozen=True, kw_only=True, tag="InternalStorageV2", omit_defaults=True):
    """Files are kept by this server; with `mount`, those of another folder."""

    mount: Annotated[str, Meta(min_length=1, max_length=512, pattern="^/.*$")] | UnsetType = UNSET


class S3Layer(_Layer, frozen=True, kw_only=True, tag="S3"):
    """Files are objects in a bucket of AWS."""

    bucket: S3Bucket
    use_absolute_paths: bool = False
    use_transfer_acceleration: bool = False


class SpacesLayer(_Layer, frozen=True, kw_only=True, tag="DigitalOceanSpace"):
    """Files are objects in a DigitalOcean Space."""

    bucket: SpacesBucket
    use_absolute_paths: bool = False


class R2Layer(_Layer, frozen=True, kw_only=True, tag="R2"):
    """Files are objects in a bucket of Cloudflare R2."""

    bucket: R2Bucket
    # SECURITY: it becomes part of a host name.
    cloudflare_account_id: Annotated[
        str, Meta(min_length=1, max_length=63, pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    ]
    use_absolute_paths: bool = False


class GoogleLayer(_Layer, frozen=True, kw_only=True, tag="GoogleStorage"):
    """Files are objects in a bucket of Google Cloud Storage, spoken to through its S3 interface."""

    bucket: GoogleBucket
    use_absolute_paths: bool = False


class GenericS3Layer(_Layer, frozen=True, kw_only=True, tag="GenericS3"):
    """Files are objects of any server that speaks S3."""

    bucket: GenericBucket
    use_absolute_paths: bool = False


class AzureLayer(_Layer, frozen=True, kw_only=True, tag="AzureReadOnly"):
    """Files are blobs that may be read, and neither written nor listed."""

    azure_storage: AzureContainer
    use_absolute_paths: bool = False


class WebLayer(_Layer, frozen=True, kw_only=True, tag="Web", omit_defaults=True):
    """Files are what a web server answers; without `base_url` the path names the server."""

    base_url: Annotated[str, Meta(min_length=1, max_length=255)] | UnsetType = UNSET
    append_query_string: (
        Annotated[str, Meta(max_length=1000, pattern=r"^[!\"$->@-~]*$")] | UnsetType
    ) = UNSET
    query_string_forwarding: QueryForwarding | UnsetType = UNSET


class NewS3Layer(S3Layer, frozen=True, kw_only=True, tag="S3"):
    """The form that is written."""

    credentials: S3Credentials


class NewSpacesLayer(SpacesLayer, frozen=True, kw_only=True, tag="DigitalOceanSpace"):
    """The form that is written."""

    credentials: SpacesCredentials


class NewR2Layer(R2Layer, frozen=True, kw_only=True, tag="R2"):
    """The form that is written."""

    credentials: R2Credentials


class NewGoogleLayer(GoogleLayer, frozen=True, kw_only=True, tag="GoogleStorage"):
    """The form that is written."""

    credentials: GoogleCredentials


class NewGenericS3Layer(GenericS3Layer, frozen=True, kw_only=True, tag="GenericS3"):
    """The form that is written."""

    credentials: GenericCredentials


class NewAzureLayer(AzureLayer, frozen=True, kw_only=True, tag="AzureReadOnly"):
    """The form that is written."""

    credentials: AzureCredentials


BucketLayer = S3Layer | SpacesLayer | R2Layer | GoogleLayer | GenericS3Layer
"""Layers that speak S3: read, written and listed."""

ExternalLayer = BucketLayer | AzureLayer | WebLayer
"""Layers whose files are kept elsewhere."""

StorageLayer = InternalLayer | ExternalLayer
"""The form that is read: without credentials."""

NewStorageLayer = (
    InternalLayer
    | NewS3Layer
    | NewSpacesLayer
    | NewR2Layer
    | NewGoogleLayer
    | NewGenericS3Layer
    | NewAzureLayer
    | WebLayer
)
"""The form that is written."""

SecretLayer = (
    NewS3Layer | NewSpacesLayer | NewR2Layer | NewGoogleLayer | NewGenericS3Layer | NewAzureLayer
)
"""Written forms that carry credentials."""

INTERNAL: Final = InternalLayer()
"""What holds where no folder sets a layer."""

_DECODER: Final = msgspec.json.Decoder(StorageLayer)
_NEW_DECODER: Final = msgspec.json.Decoder(NewStorageLayer)


def encode_layer(layer: StorageLayer | NewStorageLayer) -> bytes:
    """A layer as JSON; of a written form this holds its credentials."""
    return msgspec.json.encode(layer)


def decode_layer(stored: bytes | str) -> StorageLayer:
    """A layer's read form from JSON.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    layer: StorageLayer = _DECODER.decode(stored)
    return layer


def decode_new_layer(stored: bytes) -> NewStorageLayer:
    """A layer's written form from JSON.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    layer: NewStorageLayer = _NEW_DECODER.decode(stored)
    return layer


def layer_to_wire(layer: StorageLayer | NewStorageLayer) -> dict[str, object]:
    """A layer as a JSON object; of a written form this holds its credentials."""
    wire: dict[str, object] = msgspec.json.decode(encode_layer(layer))
    return wire


def parse_layer(wire: Mapping[str, object]) -> StorageLayer | NewStorageLayer:
    """Read a layer with or without credentials, as account documents have it.

    Raises:
        msgspec.ValidationError: it is neither.
    """
    layer: StorageLayer | NewStorageLayer
    if "credentials" in wire:
        layer = msgspec.convert(wire, NewStorageLayer)
    else:
        layer = msgspec.convert(wire, StorageLayer)
    return layer


def is_complete(layer: StorageLayer | NewStorageLayer) -> TypeGuard[NewStorageLayer]:
    """Whether a layer has the credentials that it needs."""
    return isinstance(layer, InternalLayer | WebLayer | SecretLayer)


def without_credentials(layer: NewStorageLayer) -> StorageLayer:
    """The form that may be shown."""
    if isinstance(layer, InternalLayer | WebLayer):
        return layer
    fields = layer_to_wire(layer)
    del fields["credentials"]
    shown: StorageLayer = msgspec.convert(fields, StorageLayer)
    return shown


def layer_problems(layer: StorageLayer) -> Iterator[tuple[str, str]]:
    """What is wrong with a layer beyond the limits of its fields: (dotted field, message)."""
    match layer:
        case InternalLayer(mount=str(mount)):
            try:
                parse_segments(mount)
            except BytewardError as error:
                yield "mount", error.message
        case GenericS3Layer(bucket=bucket):
            yield from _endpoint_problems(bucket.bucket_endpoint)
        case WebLayer(base_url=str(base_url)):
            try:
                target = parse_url(base_url).target
            except UrlError as error:
                yield "baseUrl", str(error)
            else:
                if "?" in target or "#" in base_url:
                    yield "baseUrl", "must have no query; use `appendQueryString`"
        case _:
            pass


def _endpoint_problems(endpoint: str) -> Iterator[tuple[str, str]]:
    try:
        url = parse_url(endpoint)
    except UrlError as error:
        yield "bucket.bucketEndpoint", str(error)
        return
    if url.scheme not in Scheme or url.target != "/" or endpoint.endswith(("?", "#")):
        yield "bucket.bucketEndpoint", "must be the server alone: no path, no query, no bucket"
