"""The reference of a running server."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.server import free_port, request, serving


def test_one_listener_for_both_planes_has_the_reference_too(tmp_path: Path) -> None:
    port = free_port()
    env = {"BYTEWARD_INSECURE_SINGLE_ORIGIN": "true"}
    with serving(tmp_path / "data", env=env, ports=(port, port)) as server:
        document = request("GET", f"{server.api}/openapi.json")
        assert (document.status, document.json["servers"][0]["url"]) == (200, server.api)
        for path in ("/docs", "/docs/reference.css", "/docs/reference.js"):
            assert request("GET", server.api + path).status == 200
        # An account's id may begin like one of them.
        assert request("GET", f"{server.api}/docsXYZ/raw/a").code == "account_not_found"
