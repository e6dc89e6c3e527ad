"""Which layer decides for a path, and what the file is called there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from byteward.access.model import Segments
from byteward.files.layer_resolution import (
    ExternalPlace,
    InternalPlace,
    LayerAt,
    object_key,
    path_of_key,
    place_of,
)
from byteward.files.storage_layers import (
    AzureContainer,
    AzureLayer,
    InternalLayer,
    S3Bucket,
    S3Layer,
    StorageLayer,
    WebLayer,
)

NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=["C"]), max_size=4).filter(
    lambda name: name not in {".", ".."}
)
SEGMENTS = st.lists(NAMES, max_size=4).map(tuple).filter(lambda path: not path or path[0] != "")
PREFIXES = st.text(st.characters(codec="ascii", exclude_categories=["C", "Z"]), max_size=5)


def bucket(prefix: str = "", *, absolute: bool = False) -> S3Layer:
    return S3Layer(
        bucket=S3Bucket(bucket_name="abc", bucket_region="eu-1", object_key_prefix=prefix),
        use_absolute_paths=absolute,
    )


LAYERS: list[StorageLayer] = [bucket("p/"), WebLayer(), InternalLayer()]


@given(st.dictionaries(SEGMENTS, st.sampled_from(LAYERS), max_size=6), SEGMENTS, NAMES)
def test_the_nearest_folder_at_or_above_the_parent_decides(
    layers: dict[Segments, StorageLayer], folder: Segments, name: str
) -> None:
    levels = [LayerAt(path, len(path), layer) for path, layer in layers.items()]
    place = place_of(levels, (*folder, name))
    expected = next(
        (path for n in range(len(folder), -1, -1) if (path := folder[:n]) in layers), None
    )
    if expected is None or isinstance(layers[expected], InternalLayer):
        assert place == InternalPlace((*folder, name))
    else:
        assert isinstance(place, ExternalPlace)
        assert (place.folder, place.layer) == (expected, layers[expected])
        assert place.folder + place.relative == (*folder, name)


def test_a_layer_of_the_path_itself_says_nothing_about_the_file_of_that_path() -> None:
    levels = [LayerAt(("ext",), 1, bucket())]
    assert place_of(levels, ("ext",)) == InternalPlace(("ext",))
    assert isinstance(place_of(levels, ("ext", "")), ExternalPlace)
    assert place_of(levels, ("extra", "a")) == InternalPlace(("extra", "a"))


def test_read_only_layers_say_so() -> None:
    azure = AzureLayer(azure_storage=AzureContainer(account_name="abc", container_name="abc"))
    shown = {}
    for layer in (azure, WebLayer(), bucket()):
        place = place_of([LayerAt((), 1, layer)], ("a",))
        assert isinstance(place, ExternalPlace)
        shown[type(layer).__name__] = place.is_read_only
    assert shown == {"AzureLayer": True, "WebLayer": True, "S3Layer": False}


def test_keys_of_the_documented_example() -> None:
    folder, file = ("ext",), ("ext", "a", "b.jpg")
    assert object_key(bucket("p/", absolute=True), folder, file) == "p/ext/a/b.jpg"
    assert object_key(bucket("p/"), folder, file) == "p/a/b.jpg"


@given(PREFIXES, st.booleans(), SEGMENTS, st.lists(NAMES, min_size=1, max_size=4).map(tuple))
def test_every_key_leads_back_to_its_path(
    prefix: str, absolute: bool, folder: Segments, rest: Segments
) -> None:
    layer = bucket(prefix, absolute=absolute)
    key = object_key(layer, folder, folder + rest)
    assert path_of_key(layer, folder, key) == folder + rest


@given(PREFIXES, st.booleans(), SEGMENTS, SEGMENTS, SEGMENTS)
def test_two_paths_of_a_layer_never_share_a_key(
    prefix: str, absolute: bool, folder: Segments, one: Segments, other: Segments
) -> None:
    layer = bucket(prefix, absolute=absolute)
    first = object_key(layer, folder, (*folder, "a", *one))
    second = object_key(layer, folder, (*folder, "a", *other))
    assert (first == second) == (one == other)


@given(SEGMENTS, st.lists(NAMES, min_size=1, max_size=4).map(tuple))
def test_a_mount_shows_the_files_of_another_folder(folder: Segments, rest: Segments) -> None:
    place = place_of([LayerAt(folder, 1, InternalLayer(mount="/m/n"))], folder + rest)
    assert place == InternalPlace(("m", "n", *rest))
