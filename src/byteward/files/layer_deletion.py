"""What deleting a folder takes with it when files are kept elsewhere (pure).

Whoever maps a bucket to a folder and takes the mapping away again wants the bucket back as it is.
So the files of a layer go only when a folder *below* the one that sets it is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable

from byteward.access.model import Segments
from byteward.files.layer_resolution import ExternalPlace, LayerAt, place_of


def goes_with_folder(levels: Iterable[LayerAt], deleted: Segments, segments: Segments) -> bool:
    """Whether deleting the folder `deleted` deletes the file `segments` in it.

    A layer that `deleted` or a folder below it sets keeps its files, internal ones too: they are
    not the files of the folder that is deleted. Files that cannot be written stay.

    Args:
        levels: layers that folders of the account set.
        deleted: the folder.
        segments: a file in it, at any depth.
    """
    known = tuple(levels)
    parent = segments[:-1]
    above = [each.folder for each in known if parent[: len(each.folder)] == each.folder]
    nearest = max(above, key=len, default=None)
    if nearest is not None and len(nearest) >= len(deleted):
        return False
    place = place_of(known, segments)
    return not (isinstance(place, ExternalPlace) and place.is_read_only)
