"""One filled plane for all tests that change nothing, and a fresh one for those that do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from byteward.identity.issue import KeyPair, new_key_pair
from tests.integration.delivery.cdn_plane import CdnPlane, cdn_plane, config_in


@pytest.fixture(scope="session")
def signer() -> KeyPair:
    return new_key_pair()


@pytest.fixture(scope="session")
def cdn(signer: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CdnPlane]:
    with cdn_plane(config_in(tmp_path_factory.mktemp("cdn")), signer) as plane:
        yield plane


@pytest.fixture
def own_cdn(signer: KeyPair, tmp_path: Path) -> Iterator[CdnPlane]:
    with cdn_plane(config_in(tmp_path), signer) as plane:
        yield plane
