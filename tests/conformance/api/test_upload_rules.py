"""Upload limits of keys and tags, files that expire, and quotas: cases 82 and 127 and what is ours.

The rules are set as an operator sets them, by an account document.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import pytest

from byteward.configuration.apply import apply_document, read_document
from byteward.files import usage
from byteward.files.expiry import sweep_expired_files
from byteward.uploads.expiry import sweep_uploads
from tests.api_plane import ACCOUNT, BASE, Plane, api_plane
from tests.asgi_client import Body, Response

MIB: Final = 1024 * 1024


@pytest.fixture
def plane() -> Iterator[Plane]:
    with api_plane() as opened:
        yield opened


def configure(plane: Plane, **members: object) -> None:
    """Apply an account document with these members."""
    document = {"accounts": [{"accountId": ACCOUNT, **members}]}
    checked = read_document(json.dumps(document))
    database = plane.services.publication.database
    plane.run(apply_document(database, plane.key_store, checked, clock=lambda: plane.now))


def limit_tag(plane: Plane, tag: str = "t", **rule: object) -> None:
    configure(plane, tagRules=[{"tag": tag, **rule}])


def limit_key(plane: Plane, **limits: object) -> None:
    configure(plane, apiKeys=[{"name": "PK", **limits}])


def set_quotas(plane: Plane, **quotas: object) -> None:
    configure(plane, settings={"quotas": quotas})


def begin(
    plane: Plane, size: int, *, key: str = "SK", path: str | None = None, tags: object = ()
) -> Response:
    wanted: dict[str, Any] = {"size": size, "protocol": "1.1", "tags": list(tags)}  # type: ignore[call-overload] # a JSON list
    if path is not None:
        wanted["path"] = path
    return plane.send_json("POST", f"{BASE}/uploads", wanted, key=key)


def finish(plane: Plane, begun: Response, content: bytes) -> Response:
    """Send the only part of an upload and complete it."""
    first = begun.json["uploadParts"]["first"]
    target = first["uploadUrl"].removeprefix("https://api.example.test")
    put = plane.call("PUT", target, body=content, headers={"content-length": str(len(content))})
    assert put.status == 200, put.body
    part = f"{BASE}/uploads/{begun.json['uploadId']}/parts/0"
    return plane.send_json("PUT", part, {"etag": put.headers["etag"]})


def used(plane: Plane) -> usage.Usage:
    at_ms = int(plane.now * 1000)
    read = plane.services.publication.database.read
    return plane.run(read(lambda conn: usage.read_usage(conn, ACCOUNT, at_ms)))


def delete(plane: Plane, path: str) -> int:
    return plane.call("DELETE", f"{BASE}/files?filePath={quote(path, safe='')}", key="SK").status


def assert_totals_are_right(plane: Plane) -> None:
    read = plane.services.publication.database.read
    assert plane.run(read(usage.miscounts)) == []


class Watched(Body):
    """A body that says whether anybody has read of it."""

    @property
    def was_read(self) -> bool:
        return bool(self.read)


def post(
    plane: Plane, body: Body, *, key: str = "PK", query: str = "", length: int | None = None
) -> Response:
    """BasicUpload in pieces."""
    headers = {"content-type": "text/plain"}
    headers |= {"transfer-encoding": "chunked"} if length is None else {}
    headers |= {} if length is None else {"content-length": str(length)}
    target = f"{BASE}/uploads/binary?{query}"
    return plane.call("POST", target, key=key, headers=headers, body=body)


# Sizes


def test_082_a_file_above_the_accounts_limit_is_refused_at_begin(plane: Plane) -> None:
    configure(plane, settings={"maxUploadBytes": 100})
    refused = begin(plane, 101)
    assert (refused.status, refused.code) == (413, "file_too_large")
    assert refused.json["error"]["details"] == {"maxSize": 100, "size": 101}
    assert begin(plane, 100).status == 200


@pytest.mark.parametrize(
    "rules",
    [
        {"settings": {"maxUploadBytes": 100}},
        {"apiKeys": [{"name": "PK", "maxUploadBytes": 100}]},
        {"apiKeys": [{"name": "PK", "uploadBytesLimit": {"bytes": 100, "seconds": 60}}]},
        {"tagRules": [{"tag": "auto", "maxUploadBytes": 100}]},
        {
            "tagRules": [
                {"tag": "other", "maxUploadBytes": 5},
                {"tag": "auto", "maxUploadBytes": 100},
            ]
        },
        {"tagRules": [{"tag": "auto", "uploadBytesLimit": {"bytes": 100, "seconds": 60}}]},
    ],
)
def test_a_declared_length_above_a_limit_is_refused_before_the_body_is_read(
    plane: Plane, rules: Mapping[str, object]
) -> None:
    configure(plane, **rules)
    configure(plane, apiKeys=[{"name": "PK", "tags": ["auto"]}])
    body = Watched([b"x"] * 100_000)
    refused = post(plane, body, length=100_000)
    assert (refused.status, refused.code) == (413, "file_too_large")
    assert refused.json["error"]["details"] == {"maxSize": 100, "size": 100_000}
    assert not body.was_read
    assert post(plane, Body([b"x" * 100]), length=100).status == 200


def test_a_body_of_unknown_length_is_refused_as_soon_as_it_is_too_large(plane: Plane) -> None:
    limit_key(plane, maxUploadBytes=100)
    body = Watched([b"x" * 60] * 100_000)
    refused = post(plane, body)
    assert (refused.status, refused.code) == (413, "file_too_large")
    # Two pieces pass the limit; up to 64 KiB more are drained so that the client sees the answer.
    assert sum(body.read) < 100 + 2 * 65536
    assert plane.files() == plane.objects() == plane.staged() == 0


def test_the_smallest_of_several_limits_holds(plane: Plane) -> None:
    configure(
        plane, settings={"maxUploadBytes": 300}, tagRules=[{"tag": "t", "maxUploadBytes": 200}]
    )
    configure(plane, apiKeys=[{"name": "SK", "maxUploadBytes": 100}])
    assert begin(plane, 101, tags=["t"]).json["error"]["details"]["maxSize"] == 100
    configure(plane, apiKeys=[{"name": "SK", "maxUploadBytes": None}])
    assert begin(plane, 201, tags=["t"]).json["error"]["details"]["maxSize"] == 200
    assert begin(plane, 201).status == 200


# Rates


def test_a_key_over_its_rate_is_told_before_its_body_is_read(plane: Plane) -> None:
    limit_key(plane, uploadRateLimit={"count": 2, "seconds": 60})
    assert [post(plane, Body([b"x"]), length=1).status for _ in range(2)] == [200, 200]
    body = Watched([b"x" * 1000] * 1000)
    refused = post(plane, body, length=MIB)
    assert (refused.status, refused.code) == (429, "rate_limit_exceeded")
    assert 60 <= int(refused.headers["retry-after"]) <= 63
    assert not body.was_read
    assert begin(plane, 1, key="PK").status == 429
    assert begin(plane, 1, key="SK").status == 200


def test_whoever_waits_as_long_as_told_is_let_in(plane: Plane) -> None:
    limit_key(plane, uploadRateLimit={"count": 1, "seconds": 10})
    assert begin(plane, 1, key="PK").status == 200
    wait = int(begin(plane, 1, key="PK").headers["retry-after"])
    plane.now += wait - 1
    assert begin(plane, 1, key="PK").status == 429
    plane.now += 1
    assert begin(plane, 1, key="PK").status == 200


def test_no_second_burst_passes_at_the_end_of_a_period(plane: Plane) -> None:
    limit_key(plane, uploadRateLimit={"count": 3, "seconds": 60})
    assert begin(plane, 1, key="PK").status == 200
    plane.now += 59
    assert [begin(plane, 1, key="PK").status for _ in range(2)] == [200, 200]
    plane.now += 4
    assert [begin(plane, 1, key="PK").status for _ in range(3)] == [200, 429, 429]


def test_uploads_that_fail_are_not_counted(plane: Plane) -> None:
    limit_key(plane, uploadRateLimit={"count": 1, "seconds": 60})
    plane.put("/taken")
    for _ in range(3):
        assert plane.put("/taken", key="PK").status == 403
        assert post(plane, Body([b"x"], is_cut_off=True), length=5).status == 400
    assert begin(plane, 1, key="PK").status == 200


def test_each_client_address_has_its_own_rate_and_a_tag_has_one_for_all(plane: Plane) -> None:
    rate = {"count": 1, "seconds": 60}
    limit_key(plane, uploadRateLimit=rate)
    limit_tag(plane, uploadRateLimit=rate)
    assert begin(plane, 1, key="SK", tags=["t"]).status == 200
    refused = begin(plane, 1, key="SK", tags=["t", "u"])
    assert refused.status == 429
    assert "with the tag `t`" in refused.json["error"]["message"]
    assert begin(plane, 1, key="SK", tags=["u"]).status == 200


def test_uploads_at_the_same_time_do_not_pass_the_limit_together(plane: Plane) -> None:
    limit_key(plane, uploadRateLimit={"count": 3, "seconds": 60})

    async def many() -> list[int]:
        headers = {"content-type": "text/plain"}
        target = f"{BASE}/uploads/binary"
        sending = [
            plane.request("POST", target, key="PK", headers=headers, body=b"x") for _ in range(9)
        ]
        return [answer.status for answer in await asyncio.gather(*sending)]

    statuses = plane.run(many())
    assert sorted(statuses) == [200] * 3 + [429] * 6
    assert plane.files() == plane.objects() == 3


def test_bytes_in_a_period_are_limited_whether_or_not_the_length_is_declared(plane: Plane) -> None:
    limit_tag(plane, uploadBytesLimit={"bytes": MIB, "seconds": 60})
    assert (
        post(plane, Body([b"x" * 700_000]), key="SK", query="tag=t", length=700_000).status == 200
    )
    body = Watched([b"x" * MIB])
    refused = post(plane, body, key="SK", query="tag=t", length=MIB - 699_999)
    assert (refused.status, refused.code, body.was_read) == (429, "rate_limit_exceeded", False)
    streamed = post(plane, Body([b"x" * 1000] * 350), key="SK", query="tag=t")
    assert (streamed.status, streamed.code) == (429, "rate_limit_exceeded")
    assert "retry-after" in streamed.headers
    assert begin(plane, MIB - 700_000, tags=["t"]).status == 200
    assert begin(plane, 1, tags=["t"]).status == 429
    assert begin(plane, 0, tags=["t"]).status == 200
    assert plane.files() == plane.objects() == 1


# Expiry


def expired(plane: Plane, path: str) -> bool:
    listed = plane.call("GET", f"{BASE}/folders/list?folderPath=%2F", key="SK").json["items"]
    is_listed = path in [item.get("filePath") for item in listed]
    is_there = plane.details(path).status == 200
    assert is_listed is is_there
    return not is_there


def test_127_a_file_with_a_ttl_is_absent_when_its_time_has_come(plane: Plane) -> None:
    limit_tag(plane, ttlSeconds=1)
    assert plane.put("/short", query="&tag=t").status == 200
    assert plane.put("/long").status == 200
    plane.now += 0.999
    assert not expired(plane, "/short")
    plane.now += 1.001
    assert plane.details("/short").code == "file_not_found"
    assert expired(plane, "/short")
    assert not expired(plane, "/long")


def test_the_shortest_of_several_lives_counts_from_the_end_of_the_upload(plane: Plane) -> None:
    configure(
        plane, tagRules=[{"tag": "hour", "ttlSeconds": 3600}, {"tag": "min", "ttlSeconds": 60}]
    )
    begun = begin(plane, 5, path="/f", tags=["hour", "min"])
    plane.now += 1000
    assert finish(plane, begun, b"12345").json["status"] == "Completed"
    plane.now += 59
    assert not expired(plane, "/f")
    plane.now += 1
    assert expired(plane, "/f")


def test_a_changed_rule_says_nothing_about_files_that_are_there(plane: Plane) -> None:
    limit_tag(plane, ttlSeconds=10)
    plane.put("/old", query="&tag=t")
    limit_tag(plane, ttlSeconds=None)
    plane.put("/new", query="&tag=t")
    plane.now += 10
    assert expired(plane, "/old")
    assert not expired(plane, "/new")


def test_a_file_that_has_expired_is_in_nobodys_way(plane: Plane) -> None:
    limit_tag(plane, ttlSeconds=10)
    plane.put("/f", query="&tag=t")
    assert plane.put("/f", key="PK").status == 403
    plane.now += 10
    assert delete(plane, "/f") == 204
    # PK may create and may not overwrite.
    assert plane.put("/f", b"again", key="PK").status == 200
    assert plane.content("/f") == b"again"
    plane.now += 1000
    assert not expired(plane, "/f")
    assert_totals_are_right(plane)


def test_the_sweep_removes_what_has_expired_with_its_folder_and_its_share_of_the_totals(
    plane: Plane,
) -> None:
    limit_tag(plane, ttlSeconds=10)
    for number in range(250):
        plane.put(f"/gone/{number}", query="&tag=t")
    plane.put("/stays")
    plane.now += 10
    database = plane.services.publication.database
    assert plane.run(sweep_expired_files(database, lambda: plane.now)) == 250
    assert plane.files() == 1
    assert used(plane) == usage.Usage(1, 5, 0, 251)
    listed = plane.call("GET", f"{BASE}/folders/list?folderPath=%2F", key="SK").json["items"]
    assert [item.get("filePath") for item in listed] == ["/stays"]


# Quotas


def test_totals_follow_every_way_in_and_out(plane: Plane) -> None:
    plane.put("/a", b"12345")
    plane.put("/b", b"123")
    assert used(plane) == usage.Usage(2, 8, 0, 2)
    plane.put("/a", b"1")
    assert used(plane) == usage.Usage(2, 4, 0, 3)
    begun = begin(plane, 7, path="/c")
    assert used(plane) == usage.Usage(2, 4, 7, 4)
    finish(plane, begun, b"1234567")
    assert used(plane) == usage.Usage(3, 11, 0, 4)
    assert [delete(plane, path) for path in ("/a", "/a", "/none")] == [204] * 3
    assert used(plane) == usage.Usage(2, 10, 0, 4)
    assert_totals_are_right(plane)


def test_an_upload_that_expires_gives_its_reserved_bytes_back(plane: Plane) -> None:
    begin(plane, 1000)
    finish(plane, begin(plane, 3, path="/f"), b"123")
    assert used(plane).reserved_bytes == 1000
    plane.now += 8 * 86400
    publication = plane.services.publication
    swept = plane.run(sweep_uploads(publication.database, publication.store, lambda: plane.now))
    assert swept.uploads == 2
    assert used(plane).reserved_bytes == 0
    assert_totals_are_right(plane)


def test_a_full_account_takes_no_more_bytes(plane: Plane) -> None:
    set_quotas(plane, storedBytes=MIB)
    plane.put("/a", b"x" * 600_000)
    body = Watched([b"x" * 1000])
    refused = post(plane, body, key="SK", length=MIB - 599_999)
    assert (refused.status, refused.code) == (402, "quota_exceeded")
    assert refused.json["error"]["details"] == {"quota": "storedBytes", "limit": MIB}
    assert not body.was_read
    assert post(plane, Body([b"x" * 1000] * 450), key="SK").code == "quota_exceeded"
    assert begin(plane, MIB - 599_999).code == "quota_exceeded"
    assert plane.objects() == 1
    assert delete(plane, "/a") == 204
    assert begin(plane, MIB - 599_999).status == 200


def test_unfinished_uploads_count_towards_the_quota(plane: Plane) -> None:
    set_quotas(plane, storedBytes=100)
    begun = begin(plane, 60, path="/a")
    assert begin(plane, 41).code == "quota_exceeded"
    assert finish(plane, begun, b"x" * 60).json["status"] == "Completed"
    assert begin(plane, 41).code == "quota_exceeded"
    assert begin(plane, 40).status == 200


def test_a_full_account_may_replace_a_file_by_one_that_is_no_larger(plane: Plane) -> None:
    set_quotas(plane, storedBytes=100, storedFiles=1)
    plane.put("/a", b"x" * 100)
    assert plane.put("/a", b"y" * 100).status == 200
    assert plane.put("/a", b"y" * 101).code == "quota_exceeded"
    assert finish(plane, begin(plane, 100, path="/a"), b"z" * 100).json["status"] == "Completed"
    assert plane.put("/b", b"").json["error"]["details"]["quota"] == "storedFiles"
    assert plane.content("/a") == b"z" * 100
    assert_totals_are_right(plane)


def test_uploads_of_a_month_are_limited_and_the_next_month_is_another(plane: Plane) -> None:
    set_quotas(plane, uploadsPerMonth=2)
    assert [plane.put("/a").status for _ in range(3)] == [200, 200, 402]
    assert begin(plane, 1).json["error"]["details"] == {"quota": "uploadsPerMonth", "limit": 2}
    plane.now += 8 * 86400  # June 2024
    assert plane.put("/a").status == 200


def test_parallel_uploads_do_not_pass_the_quota_together(plane: Plane) -> None:
    set_quotas(plane, storedBytes=30)

    async def many() -> list[int]:
        headers = {"content-type": "text/plain"}
        target = f"{BASE}/uploads/binary"
        sending = [
            plane.request("POST", target, key="PK", headers=headers, body=b"x" * 10)
            for _ in range(9)
        ]
        return [answer.status for answer in await asyncio.gather(*sending)]

    assert sorted(plane.run(many())) == [200] * 3 + [402] * 6
    assert plane.files() == plane.objects() == 3
    assert used(plane) == usage.Usage(3, 30, 0, 3)


def test_a_quota_below_what_is_stored_hides_nothing_and_allows_deleting(plane: Plane) -> None:
    plane.put("/a", b"12345")
    set_quotas(plane, storedBytes=1, storedFiles=0)
    assert plane.content("/a") == b"12345"
    assert plane.put("/a", b"1234").status == 200
    assert plane.put("/a", b"12345").status == 402
    assert delete(plane, "/a") == 204


def test_each_file_of_a_form_is_judged_by_itself(plane: Plane) -> None:
    set_quotas(plane, storedFiles=1)
    parts = "".join(
        f'--z\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\n\r\n1\r\n'
        for name in ("a", "b")
    )
    headers = {"content-type": "multipart/form-data; boundary=z"}
    target = f"{BASE}/uploads/form_data?folderPath=/form"
    answer = plane.call("POST", target, key="SK", headers=headers, body=f"{parts}--z--".encode())
    assert answer.status == 200
    assert [each["formDataFieldName"] for each in answer.json["files"]] == ["a"]
    assert [each["error"]["code"] for each in answer.json["errors"]] == ["quota_exceeded"]
    assert plane.objects() == 1


def test_totals_that_went_wrong_are_found_and_corrected(plane: Plane) -> None:
    plane.put("/a", b"12345")
    plane.sql("UPDATE account_usage SET stored_bytes = 99, stored_files = 7")
    database = plane.services.publication.database
    [wrong] = plane.run(database.read(usage.miscounts))
    assert (wrong.account_id, wrong.recorded.stored_bytes, wrong.counted.stored_bytes) == (
        ACCOUNT,
        99,
        5,
    )
    assert plane.run(database.write(usage.correct)) == 1
    assert used(plane) == usage.Usage(1, 5, 0, 1)
    assert_totals_are_right(plane)
