"""A file with a TTL is gone at its moment: no cache of ours or of others outlives it."""

from __future__ import annotations

import pytest

from byteward.accounts.model import TagRule
from byteward.accounts.store import set_tag_rules
from byteward.files.expiry import sweep_expired_files
from tests.integration.delivery.cdn_plane import ACCOUNT, MODIFIED_MS, NOW, CdnPlane

LEFT = 100
TARGET = f"/{ACCOUNT}/raw/example.jpg"


@pytest.fixture
def expiring(own_cdn: CdnPlane) -> CdnPlane:
    """A plane with a file that expires `LEFT` seconds (and less than one) from now."""
    database = own_cdn.parts.backend.database
    life = NOW - MODIFIED_MS // 1000 + LEFT
    rules = (TagRule("temporary", ttl_seconds=life), TagRule("kept", ttl_seconds=life * 2))
    own_cdn.runner.run(database.write(lambda conn: set_tag_rules(conn, ACCOUNT, rules)))
    own_cdn.store("/example.jpg", "image/jpeg", b"short-lived", tags=("kept", "temporary"))
    return own_cdn


def test_it_is_served_until_then_and_by_no_cache_for_longer(expiring: CdnPlane) -> None:
    answer = expiring.get(TARGET)
    assert (answer.status, answer.body) == (200, b"short-lived")
    assert answer.headers["cache-control"] == f"public, max-age={LEFT}"
    expiring.now += 40
    assert expiring.get(TARGET).headers["cache-control"] == f"public, max-age={LEFT - 40}"
    conditional = {"if-none-match": answer.headers["etag"]}
    unchanged = expiring.get(TARGET, conditional)
    assert unchanged.status == 304
    assert unchanged.headers["cache-control"] == f"public, max-age={LEFT - 40}"


@pytest.mark.parametrize("headers", [{}, {"range": "bytes=0-1"}, {"if-none-match": '"x"'}])
def test_at_its_moment_it_is_as_if_it_had_never_been(
    expiring: CdnPlane, headers: dict[str, str]
) -> None:
    assert expiring.get(TARGET).status == 200
    expiring.now += LEFT + 1
    gone = expiring.get(TARGET, headers)
    never = expiring.get(f"/{ACCOUNT}/raw/example.jpx", headers)
    assert gone.status == never.status == 404
    assert gone.body.replace(b"example.jpg", b"example.jpx")[:60] == never.body[:60]


def test_a_file_without_a_rule_stays(expiring: CdnPlane) -> None:
    expiring.now += 10 * LEFT
    assert expiring.get(f"/{ACCOUNT}/raw/empty").status == 200


def test_the_sweep_takes_it_away_and_nothing_else(expiring: CdnPlane) -> None:
    backend = expiring.parts.backend
    assert expiring.runner.run(sweep_expired_files(backend.database, backend.clock)) == 0
    version = backend.database.version()
    assert expiring.runner.run(sweep_expired_files(backend.database, backend.clock)) == 0
    assert backend.database.version() == version
    expiring.now += LEFT + 1
    assert expiring.runner.run(sweep_expired_files(backend.database, backend.clock)) == 1
    assert expiring.get(TARGET).status == 404
    assert expiring.get(f"/{ACCOUNT}/raw/empty").status == 200
