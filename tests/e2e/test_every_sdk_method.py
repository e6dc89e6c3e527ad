"""Every method of the official client's API classes works against the server, with real data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.e2e.node import run_node
from tests.e2e.server import Server, serving
from tests.origin import answer, running_origin

pytestmark = pytest.mark.node

Seen = dict[str, dict[str, Any]]
JOB_DOCS: Final = "https://www.bytescale.com/docs/job-api/GetJob"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("every") / "data"
    with serving(data, env={"BYTEWARD_OUTBOUND__ALLOW_PRIVATE": "true"}) as running:
        yield running


@pytest.fixture(scope="module")
def seen(server: Server) -> Seen:
    with running_origin() as site:
        site.handlers["/pic.txt"] = answer(b"fetched", "Content-Type: text/plain")
        lines = run_node(server, "every_method.mjs", ORIGIN_URL=f"http://127.0.0.1:{site.port}")
    return {line.pop("name"): line for line in lines}


def job(server: Server, line: dict[str, Any], job_type: str) -> dict[str, Any]:
    """What else the line of a finished job says."""
    rest = dict(line)
    path = rest.pop("path")
    base = f"/v2/accounts/{server.account_id}/jobs/{job_type}/"
    assert re.fullmatch(re.escape(base) + r"[0-9A-Z]{26}", path)
    known = {name: rest.pop(name) for name in ("ok", "jobType", "status", "error", "jobDocs")}
    assert known == {
        "ok": True,
        "jobType": job_type,
        "status": "Succeeded",
        "error": None,
        "jobDocs": JOB_DOCS,
    }
    return rest


def test_no_method_was_forgotten(seen: Seen) -> None:
    assert set(seen["methods"]["all"]) == set(seen) - {"methods"}


def test_uploads(seen: Seen) -> None:
    assert seen["UploadApi.beginMultipartUpload"] == {"ok": True, "count": 2, "etag": None}
    second = {"inclusiveStart": 5242880, "inclusiveEnd": 5242880}
    assert seen["UploadApi.getUploadPart"] == {"ok": True, "range": second}
    assert seen["UploadApi.completeUploadPart"] == {"ok": True, "status": "Pending"}
    assert seen["UploadApi.listUploadParts"] == {
        "ok": True,
        "before": [1],
        "after": [],
        "status": "Completed",
    }
    assert seen["UploadApi.uploadFromUrl"] == {
        "ok": True,
        "filePath": "/m/fetched.txt",
        "hasEtag": True,
        "text": "fetched",
    }


def test_single_files(seen: Seen) -> None:
    details = seen["FileApi.getFileDetails"]
    assert (details["tags"], details["size"]) == (["x"], 5242881)
    assert details["fields"] == [
        "accountId",
        "etag",
        "filePath",
        "fileUrl",
        "lastModified",
        "metadata",
        "mime",
        "originalFileName",
        "size",
        "tags",
    ]
    assert seen["FileApi.downloadFile"] == {"ok": True, "text": "a"}
    assert seen["FileApi.deleteFile"] == {"ok": True, "isThere": False}


def test_transformed_files(seen: Seen) -> None:
    assert seen["FileApi.processFile"] == {"ok": True, "type": "image/png", "isPng": True}
    assert seen["FileApi.processFileAndSave"] == {
        "ok": True,
        "async": False,
        "filePath": "/m/square.png",
        "mime": "image/png",
        "metadata": {"k": 1},
    }


def test_a_copied_file(seen: Seen) -> None:
    assert seen["FileApi.copyFile"] == {"ok": True, "status": "Copied", "text": "a"}


def test_090_093_batches_of_files(server: Server, seen: Seen) -> None:
    copied = job(server, seen["FileApi.copyFileBatch"], "CopyFileBatchJob")
    assert copied["texts"] == ["a", "b"]
    deleted = job(server, seen["FileApi.deleteFileBatch"], "DeleteFileBatchJob")
    assert deleted["summary"]["deletions"] == ["/m/batch/a.txt", "/m/none.txt"]
    assert deleted["isThere"] == [False, True]


def test_120_copies_and_deletions_of_folders(server: Server, seen: Seen) -> None:
    copied = job(server, seen["FolderApi.copyFolder"], "CopyFolderBatchJob")
    assert (copied["settings"], copied["text"]) == ({"description": "the folder"}, "2")
    copied = job(server, seen["FolderApi.copyFolderBatch"], "CopyFolderBatchJob")
    assert copied["texts"] == ["2", "2"]
    assert job(server, seen["FolderApi.deleteFolder"], "DeleteFolderBatchJob")["isThere"] is False
    deleted = job(server, seen["FolderApi.deleteFolderBatch"], "DeleteFolderBatchJob")
    assert deleted["isThere"] == [False, False]


def test_folders(seen: Seen) -> None:
    settings = {"description": "the folder"}
    assert seen["FolderApi.putFolder"] == {"ok": True, "virtual": True, "settings": settings}
    assert seen["FolderApi.getFolderDetails"] == {
        "ok": True,
        "folderPath": "/f",
        "settings": settings,
    }
    assert seen["FolderApi.listFolder"] == {
        "ok": True,
        "paths": ["/f/one.txt", "/f/sub/two.txt"],
        "severalPages": True,
    }


def test_jobs(seen: Seen) -> None:
    listed = seen["JobApi.listRecentJobs"]
    assert listed["ok"]
    # The newest first, and of the types that were asked for only.
    assert listed["types"][0] == "ResetCacheJob"
    assert set(listed["types"]) <= {"ResetCacheJob", "DeleteFileBatchJob"}
    found = seen["JobApi.getJob"]
    assert found["status"] == "Succeeded"
    assert found["fields"] == [
        "accountId",
        "created",
        "error",
        "jobDocs",
        "jobId",
        "jobType",
        "jobUrl",
        "lastUpdated",
        "status",
        "summary",
    ]
    # Cancelling what has ended changes nothing.
    assert seen["JobApi.cancelJob"] == {"ok": True, "status": "Succeeded"}


def test_124_the_cache_is_reset(server: Server, seen: Seen) -> None:
    summary = job(server, seen["CacheApi.resetCache"], "ResetCacheJob")["summary"]
    assert summary["pattern"] == "/raw/m/*"
    assert (summary["resetEdgeCache"], summary["resetPermanentCache"]) == (True, False)
