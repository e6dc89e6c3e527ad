"""Reading files: validators, ranges, caching headers, names, types, methods."""

from __future__ import annotations

import json

import pytest

from tests.integration.delivery.cdn_plane import (
    ACCOUNT,
    BIG,
    FILES,
    NOW,
    CdnPlane,
    Response,
)

RAW = f"/{ACCOUNT}/raw"
EXAMPLE = f"{RAW}/example.jpg"
BODY = FILES["/example.jpg"][1]


def etag(cdn: CdnPlane) -> str:
    return cdn.get(EXAMPLE).headers["etag"]


def code(response: Response) -> str:
    error = json.loads(response.body)["error"]
    assert isinstance(error["message"], str)
    assert len(error["timestamp"]) == 24
    assert response.headers["x-error-code"] == error["code"]
    return str(error["code"])


def test_a_public_file_is_served_with_its_validators(cdn: CdnPlane) -> None:
    response = cdn.get(EXAMPLE)
    headers = response.headers
    assert (response.status, response.body) == (200, BODY)
    assert headers["content-type"] == "image/jpeg"
    assert headers["content-length"] == "1000"
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "public, max-age=3600"
    assert headers["last-modified"] == "Thu, 02 Jan 2025 03:04:05 GMT"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["vary"] == "Origin"
    assert len(headers["x-request-id"]) == 16
    assert "content-disposition" not in headers
    assert "content-security-policy" not in headers


@pytest.mark.parametrize("path", ["/example.jpg", "/empty", "/big.bin", "/page.html"])
def test_head_has_the_headers_of_get_and_no_body(cdn: CdnPlane, path: str) -> None:
    get, head = cdn.get(RAW + path), cdn.get(RAW + path, {"range": "bytes=0-1"}, method="HEAD")
    ids = {"x-request-id"}
    assert head.body == b""
    assert head.status == get.status == 200
    assert {k: v for k, v in head.headers.items() if k not in ids} == {
        k: v for k, v in get.headers.items() if k not in ids
    }


def test_a_large_file_is_streamed_whole(cdn: CdnPlane) -> None:
    response = cdn.get(f"{RAW}/big.bin")
    assert (response.status, response.is_complete) == (200, True)
    assert response.body == BIG


@pytest.mark.parametrize(
    ("spec", "first", "last"),
    [("0-12", 0, 12), ("-10", 990, 999), ("995-", 995, 999), ("0-99999", 0, 999)],
)
def test_a_range_of_a_small_file(cdn: CdnPlane, spec: str, first: int, last: int) -> None:
    response = cdn.get(EXAMPLE, {"range": f"bytes={spec}"})
    assert (response.status, response.body) == (206, BODY[first : last + 1])
    assert response.headers["content-range"] == f"bytes {first}-{last}/1000"
    assert response.headers["content-length"] == str(last + 1 - first)


@pytest.mark.parametrize(("start", "end"), [(0, 1), (1048570, 1048590), (2097150, 2097156)])
def test_a_range_of_a_large_file_may_cross_blocks(cdn: CdnPlane, start: int, end: int) -> None:
    response = cdn.get(f"{RAW}/big.bin", {"range": f"bytes={start}-{end - 1}"})
    assert (response.status, response.body) == (206, BIG[start:end])


def test_a_range_out_of_reach_is_416_with_the_length(cdn: CdnPlane) -> None:
    response = cdn.get(EXAMPLE, {"range": "bytes=2000-"})
    assert (response.status, code(response)) == (416, "range_not_satisfiable")
    assert response.headers["content-range"] == "bytes */1000"


def test_other_units_and_several_ranges_give_the_whole(cdn: CdnPlane) -> None:
    for value in ("lines=1-2", "bytes=0-1,3-4", "bytes=9-1"):
        response = cdn.get(EXAMPLE, {"range": value})
        assert (response.status, response.body) == (200, BODY)


def test_if_range_decides_between_part_and_whole(cdn: CdnPlane) -> None:
    old = cdn.get(EXAMPLE, {"range": "bytes=0-9", "if-range": '"old"'})
    current = cdn.get(EXAMPLE, {"range": "bytes=0-9", "if-range": etag(cdn)})
    assert (old.status, current.status) == (200, 206)


def test_a_matching_tag_gives_304_with_headers_and_no_body(cdn: CdnPlane) -> None:
    for value in (etag(cdn), f"W/{etag(cdn)}", "*"):
        response = cdn.get(EXAMPLE, {"if-none-match": value, "origin": "https://app.example"})
        assert (response.status, response.body) == (304, b"")
        assert response.headers["etag"] == etag(cdn)
        assert response.headers["cache-control"] == "public, max-age=3600"
        assert response.headers["access-control-allow-origin"] == "https://app.example"
        assert "content-length" not in response.headers


def test_conditions_go_in_the_order_of_the_rfc(cdn: CdnPlane) -> None:
    same, earlier = "Thu, 02 Jan 2025 03:04:05 GMT", "Thu, 02 Jan 2025 03:04:04 GMT"
    assert cdn.get(EXAMPLE, {"if-none-match": '"zzz"'}).status == 200
    assert cdn.get(EXAMPLE, {"if-modified-since": same}).status == 304
    assert cdn.get(EXAMPLE, {"if-modified-since": earlier}).status == 200
    both = {"if-none-match": '"zzz"', "if-modified-since": same}
    assert cdn.get(EXAMPLE, both).status == 200
    failed = cdn.get(EXAMPLE, {"if-match": '"zzz"'})
    assert (failed.status, code(failed)) == (412, "precondition_failed")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cache_ttl=100", "public, max-age=100"),
        ("cache-ttl=100", "public, max-age=100"),
        ("cache=false", "no-store"),
        ("version=42", "public, max-age=3600, immutable"),
        ("v=42", "public, max-age=3600, immutable"),
        ("_v=42", "public, max-age=3600, immutable"),
        ("auth=true&_auth=true&zz=1", "public, max-age=3600"),
        ("exp=inf", "public, max-age=3600"),
        (f"exp={NOW + 60}", "public, max-age=60"),
        (f"exp={(NOW + 60) * 1000}", "public, max-age=60"),
    ],
)
def test_parameters_of_a_public_url(cdn: CdnPlane, query: str, expected: str) -> None:
    response = cdn.get(f"{EXAMPLE}?{query}")
    assert (response.status, response.body) == (200, BODY)
    assert response.headers["cache-control"] == expected


@pytest.mark.parametrize(
    ("query", "status", "expected"),
    [
        ("cache-ttl=abc", 400, "invalid_parameter"),
        ("exp=soon", 400, "invalid_parameter"),
        ("exp=", 400, "invalid_parameter"),
        (f"exp={NOW}", 403, "url_expired"),
        (f"exp={NOW - 1}", 403, "url_expired"),
        ("sig=1.BMCyGyFk.x", 403, "url_signature_invalid"),
    ],
)
def test_refused_parameters(cdn: CdnPlane, query: str, status: int, expected: str) -> None:
    response = cdn.get(f"{EXAMPLE}?{query}")
    assert (response.status, code(response)) == (status, expected)
    assert response.headers["cache-control"] == "no-store"


def test_a_download_names_the_file(cdn: CdnPlane) -> None:
    for query in ("download=true", "_download=true"):
        sent = cdn.get(f"{EXAMPLE}?{query}").headers["content-disposition"]
        assert sent.startswith('attachment; filename="example.jpg"')
    assert "content-disposition" not in cdn.get(f"{EXAMPLE}?download=false").headers


def test_an_escaped_bang_is_part_of_the_name_and_a_bare_one_is_not(cdn: CdnPlane) -> None:
    assert cdn.get(f"{RAW}/a%20b/%C3%BC%21.txt").body == b"hello"
    bare = cdn.get(f"{RAW}/a%20b/%C3%BC!.txt")
    assert (bare.status, code(bare)) == (404, "file_not_found")
    assert json.loads(bare.body)["error"]["details"] == {"filePath": "/a b/ü"}
    assert cdn.get(f"{RAW}/a+b/%C3%BC%21.txt").status == 404


def test_a_missing_file_may_be_remembered_by_shared_caches_only(cdn: CdnPlane) -> None:
    response = cdn.get(f"{RAW}/nope.jpg")
    assert (response.status, code(response)) == (404, "file_not_found")
    assert response.headers["cache-control"] == "public, max-age=0, s-maxage=60"
    assert cdn.get(f"{RAW}/nope.jpg?cache-ttl-404=0").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/AAAAAAA/raw/x", "account_not_found"),
        (f"/{ACCOUNT}/nopreset/example.jpg", "transformation_not_found"),
        ("/favicon.ico", "check_path"),
        ("/api/v1/access_tokens/AAAAAAA", "method_not_allowed"),
    ],
)
def test_unknown_things(cdn: CdnPlane, target: str, expected: str) -> None:
    assert code(cdn.get(target)) == expected


def test_a_target_of_1000_bytes_is_handled_and_one_more_is_414(cdn: CdnPlane) -> None:
    head = f"{EXAMPLE}?zz="
    assert cdn.get(head + "y" * (1000 - len(head))).status == 200
    too_long = cdn.get(head + "y" * (1001 - len(head)))
    assert (too_long.status, code(too_long)) == (414, "url_too_long")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"])
def test_other_methods_are_405_with_allow(cdn: CdnPlane, method: str) -> None:
    response = cdn.get(EXAMPLE, method=method)
    assert (response.status, code(response)) == (405, "method_not_allowed")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/page.html", "/logo.svg"])
def test_active_content_is_sandboxed(cdn: CdnPlane, path: str) -> None:
    headers = cdn.get(RAW + path).headers
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"


def test_a_stored_script_never_becomes_a_service_worker(cdn: CdnPlane) -> None:
    response = cdn.get(EXAMPLE, {"service-worker": "script"})
    assert response.status == 403
    assert "service-worker-allowed" not in response.headers


def test_a_preflight_is_answered_before_anything_else(cdn: CdnPlane) -> None:
    asked = {
        "origin": "https://app.example",
        "access-control-request-headers": "authorization,range",
    }
    for path in (EXAMPLE, f"{RAW}/private/x", "/AAAAAAA/raw/x", "/anything", "/a%ff"):
        response = cdn.get(path, asked, method="OPTIONS")
        assert (response.status, response.body) == (204, b"")
        assert response.headers["access-control-allow-origin"] == "https://app.example"
        assert response.headers["access-control-allow-credentials"] == "true"
        allowed = response.headers["access-control-allow-headers"].split(", ")
        assert {"authorization", "range"} <= set(allowed)


def test_errors_carry_cors_headers_too(cdn: CdnPlane) -> None:
    for path in (f"{RAW}/private/secret.txt", f"{RAW}/nope", "/x", f"{RAW}/a%ff"):
        headers = cdn.get(path, {"origin": "https://app.example"}).headers
        assert headers["access-control-allow-origin"] == "https://app.example"
        assert headers["vary"].endswith("Origin")


def test_health_checks_say_one_word(cdn: CdnPlane) -> None:
    for path in ("/healthz", "/readyz"):
        response = cdn.get(path)
        assert (response.status, response.body) == (200, b"ok")


def test_a_change_is_seen_by_the_next_request(own_cdn: CdnPlane) -> None:
    assert own_cdn.get(EXAMPLE).body == BODY
    own_cdn.store("/example.jpg", "image/png", b"new")
    response = own_cdn.get(EXAMPLE)
    assert (response.body, response.headers["content-type"]) == (b"new", "image/png")
    assert own_cdn.get(f"{RAW}/later").status == 404
    own_cdn.store("/later", "text/plain", b"now")
    assert own_cdn.get(f"{RAW}/later").body == b"now"


def test_a_permission_change_holds_for_cached_files_at_once(own_cdn: CdnPlane) -> None:
    tag = own_cdn.get(EXAMPLE).headers["etag"]
    own_cdn.set_public("/", [])
    for headers in ({}, {"if-none-match": tag}, {"range": "bytes=0-1"}, {"if-match": '"x"'}):
        assert own_cdn.get(EXAMPLE, headers).status == 403


def test_damaged_bytes_are_never_sent_as_a_success(own_cdn: CdnPlane) -> None:
    objects = own_cdn.parts.config.data / "objects"
    for path in objects.rglob("*"):
        if path.is_file():
            damaged = bytearray(path.read_bytes())
            damaged[-1:] = bytes([damaged[-1] ^ 1]) if damaged else b""
            path.write_bytes(damaged)
    small = own_cdn.get(EXAMPLE)
    assert (small.status, code(small)) == (503, "storage_error")
    large = own_cdn.get(f"{RAW}/big.bin")
    assert not large.is_complete
    assert BIG.startswith(large.body)
    assert len(large.body) < len(BIG)


def test_bytes_that_are_gone_are_an_error_and_a_replaced_file_is_not(own_cdn: CdnPlane) -> None:
    found = own_cdn.get(f"{RAW}/big.bin")
    assert found.status == 200
    for path in (own_cdn.parts.config.data / "objects").rglob("*"):
        if path.is_file():
            path.unlink()
    assert own_cdn.get(f"{RAW}/big.bin").status == 503
    own_cdn.store("/big.bin", "text/plain", BIG[1:])
    assert own_cdn.get(f"{RAW}/big.bin").body == BIG[1:]
