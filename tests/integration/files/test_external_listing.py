"""Listings over several regions, compared with a plain model of what every path means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from byteward.access.model import Segments
from byteward.errors import BytewardError
from byteward.files import tree
from byteward.files.external_files import ExternalFiles
from byteward.files.external_listing import ExternalListing, MayEnter, Walk
from byteward.files.layer_resolution import (
    ExternalPlace,
    InternalPlace,
    LayerAt,
    levels_of,
    object_key,
    path_of_key,
    place_of,
)
from byteward.files.layer_store import LayerStore
from byteward.files.storage_layers import (
    BucketLayer,
    InternalLayer,
    NewGenericS3Layer,
    NewStorageLayer,
    WebLayer,
    parse_layer,
)
from byteward.permissions.layer_facts import read_layers
from byteward.storage.external.port import (
    ListedObject,
    ListedPrefix,
    ListPage,
)
from tests.api_plane import ACCOUNT, Plane, api_plane
from tests.unit.files.test_storage_layers import GENERIC, changed

NAMES: Final = st.sampled_from(["a", "a-", "b", "ü"])
PATHS: Final = st.lists(NAMES, min_size=1, max_size=4).map(tuple)
NUMBERS: Final = count()


def bucket(prefix: str) -> NewGenericS3Layer:
    wire = changed(GENERIC, "bucket.objectKeyPrefix", prefix)
    layer = parse_layer({**wire, "credentials": {"accessKey": "k", "secretKey": "s"}})
    assert isinstance(layer, NewGenericS3Layer)
    return layer


LAYERS: Final[list[NewStorageLayer]] = [
    bucket(""), bucket("p/"), bucket("a/"), InternalLayer(), WebLayer(),
]  # fmt: skip


@dataclass
class MemoryBucket:
    """Lists like S3, and counts how often it was asked."""

    keys: set[str] = field(default_factory=set)
    requests: int = 0

    async def list_after(
        self, prefix: str, after: str, limit: int, *, delimiter: str = ""
    ) -> ListPage:
        self.requests += 1
        found: list[ListedObject | ListedPrefix] = []
        for key in sorted(self.keys):
            if not key.startswith(prefix):
                continue
            rest = key[len(prefix) :]
            name, slash, _ = rest.partition(delimiter) if delimiter else (rest, "", "")
            listed = prefix + name + slash
            if max(listed, key) <= after or (found and found[-1].key == listed):
                continue
            if listed <= after:
                continue
            if len(found) == limit:
                return ListPage(tuple(found), is_complete=False)
            found.append(ListedPrefix(listed) if slash else ListedObject(key, 1, 1))
        return ListPage(tuple(found), is_complete=True)


class OneBucket(ExternalFiles):
    """Every bucket layer leads to the same objects."""

    def __init__(self, memory: MemoryBucket) -> None:
        self._memory = memory

    async def open_bucket(self, place: ExternalPlace) -> MemoryBucket | None:  # type: ignore[override] # listing needs no more
        return None if place.is_read_only else self._memory


@dataclass
class World:
    """What was made: files of ours, folders on purpose, layers, objects."""

    files: set[Segments]
    made: set[Segments]
    layers: dict[Segments, NewStorageLayer]
    keys: set[str]

    def listing(self, levels: tuple[LayerAt, ...], base: Segments, may: MayEnter) -> list[str]:
        """Keys of a recursive walk of `base`, relative to it."""
        depth = len(base)
        paths = {"/".join(each[depth:]) for each in self.files if _is_ours(levels, each)}
        for each in levels:
            for key in self.keys if isinstance(each.layer, BucketLayer) else ():
                path = _path_of(levels, each, key)
                if path is not None:
                    paths.add("/".join(path[depth:]))
        made = {"/".join((*each[depth:], "")) for each in self.made if len(each) > depth}

        def is_seen(key: str) -> bool:
            way = tuple(key.removesuffix("/").split("/"))[:-1]
            return all(may(way[:length]) for length in range(1, len(way) + 1))

        return sorted(filter(is_seen, paths | made))


def _is_ours(levels: tuple[LayerAt, ...], file: Segments) -> bool:
    return place_of(levels, file) == InternalPlace(file)


def _path_of(levels: tuple[LayerAt, ...], level: LayerAt, key: str) -> Segments | None:
    """The path that shows an object through a layer, if one does."""
    assert isinstance(level.layer, BucketLayer)
    path = path_of_key(level.layer, level.folder, key)
    if not path or not path[-1]:
        return None
    place = place_of(levels, path)
    if not isinstance(place, ExternalPlace) or place.folder != level.folder:
        return None
    return path if object_key(level.layer, level.folder, path) == key else None


@pytest.fixture(scope="module")
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def build(plane: Plane, world: World, base: Segments) -> tuple[LayerAt, ...]:
    """Make it all below `base`; the levels as stored."""
    store = LayerStore(plane.services.publication.external.layers._sealer)

    def work(conn: Connection) -> tuple[LayerAt, ...]:
        tree.ensure_folder(conn, ACCOUNT, base, is_virtual=True)
        for folder in world.made:
            tree.ensure_folder(conn, ACCOUNT, folder, is_virtual=True)
        for folder, layer in world.layers.items():
            row = tree.ensure_folder(conn, ACCOUNT, folder, is_virtual=True)
            store.write(conn, row.folder_id, layer)
        every = levels_of(read_layers(conn, ACCOUNT))
        return tuple(each for each in every if each.folder[: len(base)] == base)

    for file in world.files:
        assert plane.put("/" + "/".join(file)).status == 200
    return plane.run(plane.services.publication.database.write(work))


def with_ancestors(folders: set[Segments], depth: int) -> set[Segments]:
    return {each[:length] for each in folders for length in range(depth, len(each) + 1)}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.sets(PATHS, max_size=5),
    made=st.sets(PATHS, max_size=3),
    layers=st.dictionaries(
        st.lists(NAMES, max_size=2).map(tuple), st.sampled_from(LAYERS), min_size=1, max_size=4
    ),
    keys=st.sets(
        st.tuples(st.sampled_from(["", "p/", "a/"]), PATHS).map(lambda k: k[0] + "/".join(k[1])),
        max_size=8,
    ),
    hidden=st.sets(PATHS.filter(lambda path: len(path) < 3), max_size=2),
    limit=st.sampled_from([1, 2, 3, 1000]),
)
def test_a_walk_over_regions_tells_what_every_path_means(
    plane: Plane,
    files: set[Segments],
    made: set[Segments],
    layers: dict[Segments, NewStorageLayer],
    keys: set[str],
    hidden: set[Segments],
    limit: int,
) -> None:
    base: Segments = (f"w{next(NUMBERS)}",)
    world = World(
        {base + each for each in files},
        with_ancestors({base + each for each in (*made, *layers)}, 2),
        {base + each: layer for each, layer in layers.items()},
        keys,
    )
    levels = build(plane, world, base)
    memory = MemoryBucket(keys)
    listing = ExternalListing(plane.services.publication.database, OneBucket(memory))

    def may_enter(folder: Segments) -> bool:
        return folder not in hidden

    found: list[str] = []
    while True:
        key = found[-1] if found else ""
        walk = Walk(ACCOUNT, base, key, limit, True, may_enter, levels)
        page = plane.run(listing.entries(walk))
        found += [each.key for each in page]
        if len(page) < limit:
            break
    physical = {key for key in found if key.endswith("/") and base + _way(key) not in world.made}
    expected = world.listing(levels, base, may_enter)
    assert [key for key in found if key not in physical] == expected
    assert len(found) == len(set(found))


def _way(key: str) -> Segments:
    return tuple(key.removesuffix("/").split("/"))


def test_a_folder_that_hides_too_much_is_refused_and_not_walked_for_ever(plane: Plane) -> None:
    base = ("hides",)
    world = World(set(), set(), {base: bucket("")}, set())
    levels = build(plane, world, base)
    memory = MemoryBucket({f"d{number:04}/f" for number in range(300)})
    listing = ExternalListing(plane.services.publication.database, OneBucket(memory))
    walk = Walk(ACCOUNT, base, "", 10, True, lambda _: False, levels)
    with pytest.raises(BytewardError) as refused:
        plane.run(listing.entries(walk))
    assert refused.value.code.value == "overloaded"
    assert memory.requests <= 101
