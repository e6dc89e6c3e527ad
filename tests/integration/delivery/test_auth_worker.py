"""The service worker that the CDN hands out is script to browsers and the same for everybody."""

from __future__ import annotations

from tests.integration.delivery.cdn_plane import CdnPlane

PATH = "/api/v1/auth-sw.js"


def test_a_page_of_any_origin_may_import_the_worker(cdn: CdnPlane) -> None:
    response = cdn.get(PATH, {"origin": "https://app.example.com", "sec-fetch-dest": "script"})
    assert response.status == 200
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["cross-origin-resource-policy"] == "cross-origin"
    assert response.headers["cache-control"] == "public, max-age=3600"
    assert b"SET_BYTESCALE_AUTH_CONFIG" in response.body
    assert "set-cookie" not in response.headers


def test_a_browser_that_has_the_worker_is_told_so(cdn: CdnPlane) -> None:
    etag = cdn.get(PATH).headers["etag"]
    again = cdn.get(PATH, {"if-none-match": etag})
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)


def test_head_has_no_body_and_other_methods_are_refused(cdn: CdnPlane) -> None:
    head = cdn.get(PATH, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) > 1000
    refused = cdn.get(PATH, method="POST")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
