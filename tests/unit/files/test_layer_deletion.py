"""Which files go with a folder when some are kept elsewhere."""

from __future__ import annotations

import pytest

from byteward.files.layer_deletion import goes_with_folder
from byteward.files.layer_resolution import LayerAt
from byteward.files.storage_layers import InternalLayer, S3Bucket, S3Layer, WebLayer

BUCKET = S3Layer(bucket=S3Bucket(bucket_name="abc", bucket_region="eu-1"))
LEVELS = (
    LayerAt(("t", "ext"), 1, BUCKET),
    LayerAt(("t", "in"), 2, InternalLayer()),
    LayerAt(("t", "web"), 3, WebLayer()),
    LayerAt(("t", "ext", "own"), 4, InternalLayer()),
)


@pytest.mark.parametrize(
    ("deleted", "file", "goes"),
    [
        ("/t", "/t/a", True),
        ("/t", "/t/ext/a", False),  # its mapping goes, the bucket stays as it is
        ("/t", "/t/in/a", False),
        ("/t", "/t/web/a", False),
        ("/t/ext", "/t/ext/a", False),
        ("/t/ext", "/t/ext/sub/a", False),
        ("/t/ext/sub", "/t/ext/sub/a", True),  # below the folder that sets the layer
        ("/t/ext/sub", "/t/ext/sub/b/a", True),
        ("/t/ext", "/t/ext/own/a", False),
        ("/t/ext/own/sub", "/t/ext/own/sub/a", True),
        ("/t/web/sub", "/t/web/sub/a", False),  # cannot be written
        ("/", "/a", True),
        ("/", "/t/ext/a", False),
    ],
)
def test_files_of_a_layer_go_only_with_folders_below_the_one_that_sets_it(
    deleted: str, file: str, goes: bool
) -> None:
    folder = tuple(deleted[1:].split("/")) if deleted != "/" else ()
    assert goes_with_folder(LEVELS, folder, tuple(file[1:].split("/"))) is goes
