"""Files that accounts keep elsewhere: looking at them, reading, storing and removing them.

Whether a caller may do it was decided before anything here is asked; nothing here asks a store
about a path that nobody was allowed to see.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from byteward.access.model import Segments
from byteward.clock import Clock, now_ms
from byteward.db.database import Database
from byteward.errors import BytewardError, ErrorCode
from byteward.files import external_rows, usage
from byteward.files.external_rows import ObjectName, ObjectRow
from byteward.files.file_details import FileDetails
from byteward.files.layer_endpoints import (
    NewBucketLayer,
    bucket_of,
    container_of,
    location_of,
)
from byteward.files.layer_resolution import ExternalPlace, Place, object_key
from byteward.files.layer_store import LayerStore, find_place
from byteward.files.metadata import EMPTY
from byteward.files.mime import OCTET_STREAM
from byteward.files.storage_layers import (
    AzureLayer,
    InternalLayer,
    NewAzureLayer,
    NewStorageLayer,
    WebLayer,
    layer_to_wire,
    without_credentials,
)
from byteward.files.ttl import expiry_for
from byteward.files.web_urls import Pairs, web_url
from byteward.outbound.fetch import OutboundClient
from byteward.outbound.policy import RefusedError
from byteward.outbound.url import parse_url
from byteward.paths import FilePath
from byteward.storage.external.azure import AzureStore
from byteward.storage.external.port import (
    Content,
    ExternalAnswer,
    ExternalObject,
    ReadableStore,
    WritableStore,
)
from byteward.storage.external.s3 import S3Store
from byteward.storage.external.web import WebStore
from byteward.telemetry.log import get_logger

_LOG: Final = get_logger()


@dataclass(frozen=True, slots=True)
class ExternalFile:
    """An external file as found: what its store says, and what we know of this very version.

    Attributes:
        object: the store's word.
        row: ours; None when the version did not come through this server.
    """

    object: ExternalObject
    row: ObjectRow | None

    @property
    def mime(self) -> str:
        """Its type."""
        if self.row is not None:
            return self.row.mime
        return self.object.mime or OCTET_STREAM


@dataclass(frozen=True, slots=True)
class OpenedPlace:
    """A place with the store that it is in.

    Attributes:
        place: the path.
        store: reads it.
        key: the object's name there.
        name: for rows; None in stores that have none.
        row: what is stored about some version of the object.
    """

    place: ExternalPlace
    store: ReadableStore
    key: str
    name: ObjectName | None = None
    row: ObjectRow | None = None


class ExternalFiles:
    """Everything that is done with files in stores of accounts.

    Args:
        database: metadata.
        layers: storage layers with their credentials.
        client: makes the requests, each under the outbound policy.
        clock: Unix seconds.
    """

    def __init__(
        self,
        *,
        database: Database,
        layers: LayerStore,
        client: OutboundClient,
        clock: Clock,
    ) -> None:
        self.layers = layers
        self._database = database
        self._client = client
        self._clock = clock

    def check_layer(self, layer: NewStorageLayer) -> None:
        """Refuse a layer that names an address which could never be reached from here.

        SECURITY: a courtesy. What counts is that every connection is judged again, by address.

        Raises:
            BytewardError: `invalid_request`.
        """
        wire = layer_to_wire(without_credentials(layer))
        bucket = wire.get("bucket")
        endpoint = bucket.get("bucketEndpoint") if isinstance(bucket, dict) else None
        text = endpoint if endpoint is not None else wire.get("baseUrl")
        if not isinstance(text, str):
            return
        url = parse_url(text)
        try:
            if url.address is not None:
                self._client.policy.destinations(url, [url.address])
        except RefusedError:
            field = "baseUrl" if endpoint is None else "bucket.bucketEndpoint"
            where = f"body.folderSettings.storageLayer.value.{field}"
            message = "this server must not connect to that address"
            raise BytewardError(
                ErrorCode.INVALID_REQUEST,
                f"invalid request: {where}: {message}",
                details={where: {"message": message}},
            ) from None

    async def place(self, account_id: str, segments: Segments) -> Place:
        """Where a file is kept."""
        return await self._database.read(lambda conn: find_place(conn, account_id, segments))

    async def find(
        self, account_id: str, place: ExternalPlace, pairs: Pairs = ()
    ) -> ExternalFile | None:
        """Look at a file; one that has expired is not there.

        Args:
            account_id: whose.
            place: where.
            pairs: as for `reading`.

        Raises:
            BytewardError: `origin_error`, `origin_timeout`, `storage_error`.
        """
        opened = await self.open(account_id, place, pairs)
        if opened is None:
            return None
        found = await opened.store.head(opened.key)
        return None if found is None else self._present(opened, found)

    async def details(self, account_id: str, place: ExternalPlace) -> FileDetails | None:
        """The same as a file's details.

        Raises:
            BytewardError: as `find`.
        """
        found = await self.find(account_id, place)
        return None if found is None else self.described(account_id, place, found)

    def described(self, account_id: str, place: ExternalPlace, found: ExternalFile) -> FileDetails:
        """The details of a file that was found.

        A server that tells neither length nor date is believed to have 0 bytes, changed just now.
        """
        row, seen = found.row, found.object
        modified_at = seen.modified_at_ms
        return FileDetails(
            account_id=account_id,
            path=FilePath(place.segments),
            etag=seen.etag,
            size_bytes=seen.size_bytes or 0,
            mime=found.mime,
            original_file_name=None if row is None else row.original_file_name,
            tags=() if row is None else row.tags,
            metadata=EMPTY if row is None else row.metadata,
            modified_at=now_ms(self._clock) if modified_at is None else modified_at,
        )

    @asynccontextmanager
    async def reading(
        self,
        account_id: str,
        place: ExternalPlace,
        *,
        range_line: str | None = None,
        pairs: Pairs = (),
    ) -> AsyncIterator[tuple[ExternalFile, ExternalAnswer] | None]:
        """Open a file's bytes while the block lasts; None: there is no such file.

        Args:
            account_id: whose.
            place: where.
            range_line: a `Range` header of one range; the answer may be the whole.
            pairs: the request's query, of which a web layer may send some on.

        Raises:
            BytewardError: as `find`; reading the body raises them, too.
        """
        opened = await self.open(account_id, place, pairs)
        if opened is None:
            yield None
            return
        async with opened.store.get(opened.key, range_line) as answer:
            found = None if answer is None else self._present(opened, answer.object)
            yield None if answer is None or found is None else (found, answer)

    async def put(
        self, place: ExternalPlace, details: FileDetails, content: Content
    ) -> FileDetails:
        """Store a file in place of what is there; its bytes and its row are durable on return.

        Args:
            place: where.
            details: what is to be stored about it; etag and time are the store's.
            content: its bytes.

        Raises:
            BytewardError: `read_only_storage`, `origin_error`, `origin_timeout`, `storage_error`.
        """
        opened = await self._open_writable(details.account_id, place)
        stored = await opened.store.put(opened.key, content)
        details = replace(
            details,
            etag=stored.etag,
            size_bytes=content.size_bytes,
            modified_at=stored.modified_at_ms or details.modified_at,
        )

        def work(conn: Connection) -> None:
            rules = usage.rules_in(conn, details.account_id)
            expires_at = expiry_for(details.tags, rules.tag_rules, now_ms(self._clock))
            external_rows.put_row(conn, opened.name, place.folder_id, details, expires_at)

        await self._database.write(work)
        return details

    async def delete(self, account_id: str, place: ExternalPlace) -> None:
        """Remove a file; one that is not there is removed already.

        Raises:
            BytewardError: as `put`.
        """
        opened = await self._open_writable(account_id, place)
        await opened.store.delete(opened.key)
        await self._database.write(lambda conn: external_rows.delete_row(conn, opened.name))

    async def remove_expired(self, at_most: int) -> int:
        """Remove objects whose time is over, as far as they are the version that was stored.

        An object whose folder has another layer by now is only forgotten.
        """
        at_ms = now_ms(self._clock)
        expired = await self._database.read(
            lambda conn: external_rows.expired_rows(conn, at_ms, at_most)
        )
        removed = 0
        for each in expired:
            try:
                await self._remove_expired(each)
            except BytewardError as error:
                # One account's store that is down must not keep the others' files alive.
                _LOG.warning("external_file.not_removed", error=error.code.value)
            else:
                removed += 1
        return removed

    async def open(
        self, account_id: str, place: ExternalPlace, pairs: Pairs = ()
    ) -> OpenedPlace | None:
        """A place with its store; None when nothing can be behind it.

        Raises:
            BytewardError: `storage_error` when the layer cannot be read.
        """
        layer = place.layer
        if isinstance(layer, WebLayer):
            url = web_url(layer, place.relative, pairs)
            return None if url is None else OpenedPlace(place, WebStore(self._client), url)
        key = object_key(layer, place.folder, place.segments)
        if isinstance(layer, AzureLayer):
            secret = await self._database.read(lambda conn: self._secret(conn, place))
            return OpenedPlace(place, self._store(secret), key)
        name = ObjectName(account_id, location_of(layer), key)

        def work(conn: Connection) -> tuple[NewStorageLayer, ObjectRow | None]:
            return self._secret(conn, place), external_rows.find_row(conn, name)

        secret, row = await self._database.read(work)
        return OpenedPlace(place, self._store(secret), key, name, row)

    async def open_bucket(self, place: ExternalPlace) -> WritableStore | None:
        """The store of a place that can be listed; None for one that cannot.

        Raises:
            BytewardError: `storage_error` when the layer cannot be read.
        """
        if place.is_read_only:
            return None
        secret = await self._database.read(lambda conn: self._secret(conn, place))
        store = self._store(secret)
        return store if isinstance(store, S3Store) else None

    def require_writable(self, place: ExternalPlace) -> None:
        """Refuse a write before anything is done for it.

        Raises:
            BytewardError: `read_only_storage`.
        """
        if place.is_read_only:
            raise read_only(place)

    async def _open_writable(self, account_id: str, place: ExternalPlace) -> _Writable:
        self.require_writable(place)
        opened = await self.open(account_id, place)
        if opened is None or opened.name is None or not isinstance(opened.store, S3Store):
            raise read_only(place)
        return _Writable(opened.store, opened.key, opened.name)

    def _secret(self, conn: Connection, place: ExternalPlace) -> NewStorageLayer:
        """The layer of a place with its credentials, as it stands now."""
        layer = self.layers.read(conn, place.folder_id)
        if layer is None or without_credentials(layer) != place.layer:
            raise BytewardError(
                ErrorCode.STORAGE_ERROR, "the folder's storage layer was changed, try again"
            )
        return layer

    def _store(self, layer: NewStorageLayer) -> ReadableStore:
        if isinstance(layer, NewAzureLayer):
            return AzureStore(self._client, container_of(layer))
        if isinstance(layer, InternalLayer | WebLayer):
            return WebStore(self._client)
        return S3Store(self._client, bucket_of(layer), self._clock)

    def _present(self, opened: OpenedPlace, found: ExternalObject) -> ExternalFile | None:
        row = opened.row
        if row is None or row.etag is None or row.etag != found.etag:
            return ExternalFile(found, None)
        if row.expires_at is not None and row.expires_at <= now_ms(self._clock):
            return None
        return ExternalFile(found, row)

    async def _remove_expired(self, expired: external_rows.ExpiredObject) -> None:
        layer = await self._database.read(lambda conn: self.layers.read(conn, expired.folder_id))
        if isinstance(layer, NewBucketLayer) and location_of(layer) == expired.name.location:
            store = S3Store(self._client, bucket_of(layer), self._clock)
            found = await store.head(expired.name.key)
            if found is not None and found.etag == expired.etag:
                await store.delete(expired.name.key)
        await self._database.write(lambda conn: external_rows.delete_row(conn, expired.name))


@dataclass(frozen=True, slots=True)
class _Writable:
    store: WritableStore
    key: str
    name: ObjectName


def read_only(place: ExternalPlace) -> BytewardError:
    """The refusal of a write to a layer that takes none."""
    return BytewardError(
        ErrorCode.READ_ONLY_STORAGE,
        "the storage layer of this folder can only be read",
        details={"filePath": FilePath(place.segments).text},
    )
