"""Clients of years past, unmodified: `upload-js-full` in Node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.node import run_node
from tests.e2e.server import serving

pytestmark = pytest.mark.node

Seen = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with serving(tmp_path_factory.mktemp("old") / "data") as server:
        yield {line["name"]: line for line in run_node(server, "upload_js_full.mjs")}


@pytest.mark.parametrize(
    ("kind", "size", "mime"),
    [
        ("string", 7, "text/plain"),
        ("buffer", 12582929, "image/png"),
        ("stream", 12582929, "application/octet-stream"),
        ("empty", 0, "text/plain"),
    ],
)
def test_what_upload_js_full_uploads_comes_back_whole(
    seen: Seen, kind: str, size: int, mime: str
) -> None:
    assert seen[f"upload {kind}"] == {
        "name": f"upload {kind}",
        "ok": True,
        "same": True,
        "filePath": f"/full/{kind}.txt",
        "size": size,
        "mime": mime,
        "metadata": {"kind": kind},
        "tags": ["old"],
    }


def test_upload_js_full_lists_and_deletes(seen: Seen) -> None:
    names = ["buffer", "empty", "stream", "string"]
    assert seen["list"]["paths"] == [f"/full/{name}.txt" for name in names]
    assert seen["delete"]["ok"]
    assert seen["details of the deleted"]["code"] == "file_not_found"


def test_122_job_types_as_repeated_names_are_understood(seen: Seen) -> None:
    jobs = seen["jobs"]
    assert jobs["asked"] == "jobType=CopyFileBatchJob&jobType=DeleteFileBatchJob"
    assert (jobs["ok"], jobs["count"]) == (True, 0)
