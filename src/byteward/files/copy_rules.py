"""What a copy keeps of its source and what the request changes (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from byteward.files.metadata import decode_metadata, encode_metadata
from byteward.files.tags import join_tags


@dataclass(frozen=True, slots=True)
class MetadataChange:
    """What becomes of the metadata.

    Attributes:
        is_merged: members are added to the source's, in place of those of the same name; otherwise
            they replace the source's as a whole.
        value: the members.
    """

    is_merged: bool
    value: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TagsChange:
    """What becomes of the tags.

    Attributes:
        is_merged: tags are added to the source's; otherwise they replace them.
        value: the tags that the request names.
    """

    is_merged: bool
    value: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """The two together; None: as at the source."""

    metadata: MetadataChange | None = None
    tags: TagsChange | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether all is as at the source."""
        return self.metadata is None and self.tags is None

    @property
    def named_tags(self) -> tuple[str, ...]:
        """The tags that the request names, each of which the caller has to be allowed."""
        return () if self.tags is None else self.tags.value


AS_AT_SOURCE: Final = Changes()


def changed_metadata(stored: str, change: MetadataChange | None) -> str:
    """The metadata of the copy. Members of objects inside are not merged.

    Args:
        stored: the source's, as stored.
        change: what the request says.

    Raises:
        BytewardError: `invalid_metadata` when it is larger than 2 KB.
    """
    if change is None:
        return stored
    if not change.is_merged:
        return encode_metadata(dict(change.value))
    return encode_metadata({**decode_metadata(stored), **change.value})


def changed_tags(stored: tuple[str, ...], change: TagsChange | None) -> tuple[str, ...]:
    """The tags of the copy, each once, the source's first.

    Raises:
        BytewardError: `too_many_tags`.
    """
    if change is None:
        return stored
    return join_tags(stored if change.is_merged else (), change.value)
