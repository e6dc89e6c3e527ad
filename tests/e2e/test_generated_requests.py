"""Requests generated from the OpenAPI document: a running server gives no 5xx, nothing undeclared.

Codes of refusals are part of the document, so a code that an operation does not declare is found
as a violation of its schema.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from tests.e2e.dashboard_user import add_user, bearer_of
from tests.e2e.server import Server, request, serving

HOOKS: Final = Path(__file__).with_name("generated_hooks.py")
EXCLUDED: Final = {
    "positive_data_acceptance": "generated_hooks.py has a check that knows what no schema can say",
    "use_after_free": "a cancelled job can still be looked at",
}
"""Checks that are left out, and why."""

REJECTIONS: Final = [400, 401, 403, 404, 405, 411, 413, 414, 415, 416, 429, 431]
"""How requests that break the schema may be refused: also before anybody looks at the schema."""

ON_API: Final = r"^/(v2/accounts/|openapi|healthz|readyz)"
ON_ADMIN: Final = r"^/v2/admin/"
ON_CDN: Final = r"^/(\{accountId\}/|api/v1/|healthz|readyz)"


PLANES: Final = {"api": ON_API, "admin": ON_ADMIN, "cdn": ON_CDN}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("generated") / "data") as started:
        for path in ("/photos/cat.jpg", "/photos/2024/dog.jpg"):
            stored = request(
                "POST",
                f"{started.api}/v2/accounts/{started.account_id}/uploads/binary"
                f"?filePath={quote(path, safe='')}",
                headers={"Authorization": f"Bearer {started.secret_key}"},
                body=b"hello",
            )
            assert stored.status == 200
        yield started


def bearer(server: Server, plane: str) -> str | None:
    """What administration takes in the place of an API key: a new owner's bearer."""
    if plane != "admin":
        return None
    email = f"{secrets.token_hex(4)}@example.test"
    add_user(server, email, "owner")
    return bearer_of(server, email)["Authorization"].removeprefix("Bearer ")


def generate(
    server: Server, folder: Path, plane: str, *options: str, key: str | None = None
) -> None:
    """Let schemathesis loose on the operations of one plane; fail with what it found."""
    paths, base = PLANES[plane], server.cdn if plane == "cdn" else server.api
    document = folder / "openapi.json"
    document.write_bytes(request("GET", f"{server.api}/openapi.json").body)
    settings = folder / "schemathesis.toml"
    settings.write_text(
        f"hooks = {json.dumps(str(HOOKS))}\n"
        f"[parameters]\naccountId = {json.dumps(server.account_id)}\n"
        f"[checks.negative_data_rejection]\nexpected-statuses = {REJECTIONS}\n"
    )
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings),
            "run", str(document), "--url", base, "--include-path-regex", paths,
            "--header", f"Authorization: Bearer {key or server.secret_key}",
            "--exclude-checks", ",".join(EXCLUDED), "--warnings", "off",
            "--suppress-health-check", "all", "--continue-on-failure", "--no-color", *options,
        ],
        cwd=folder,
        capture_output=True,
        timeout=1500,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode()[-20000:] + done.stderr.decode()[-2000:]
    assert server.process.poll() is None
    assert "request.failed" not in server.log.read_text()


@pytest.mark.parametrize("plane", ["api", "admin", "cdn"])
def test_generated_requests_get_declared_answers(
    server: Server, tmp_path: Path, plane: str
) -> None:
    options = ("--max-examples", "5", "--phases", "examples,fuzzing", "--seed", "1")
    generate(server, tmp_path, plane, *options, key=bearer(server, plane))


@pytest.mark.long
@pytest.mark.parametrize("plane", ["api", "admin", "cdn"])
def test_many_generated_requests_get_declared_answers(
    server: Server, tmp_path: Path, plane: str
) -> None:
    # A bearer is good for five minutes.
    examples = "20" if plane == "admin" else "100"
    generate(server, tmp_path, plane, "--max-examples", examples, key=bearer(server, plane))
