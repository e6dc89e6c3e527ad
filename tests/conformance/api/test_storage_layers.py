"""The numbered cases about storage layers: a running server, a real S3 server, a web server."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from tests.e2e.server import Answer, Server, request, run_command, serving
from tests.s3_server import ACCESS_KEY, SECRET_KEY
from tests.stores import TestBucket, WebOrigin, new_bucket, web_origin

S3: Final = {
    "type": "S3",
    "bucket": {"bucketName": "photos", "bucketRegion": "eu-west-1", "objectKeyPrefix": "p/"},
    "credentials": {"awsAccessKey": "AKIA" + "K" * 16, "awsSecretKey": "S" * 40},
    "useAbsolutePaths": False,
    "useTransferAcceleration": False,
}


@dataclass(frozen=True)
class World:
    """A server, and its account's secret key."""

    server: Server

    def api(
        self,
        method: str,
        target: str,
        value: object = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A call with the secret key."""
        lines = {"Authorization": f"Bearer {self.server.secret_key}", **(headers or {})}
        if value is not None:
            lines["Content-Type"] = "application/json"
            body = json.dumps(value).encode()
        url = f"{self.server.api}/v2/accounts/{self.server.account_id}{target}"
        return request(method, url, headers=lines, body=body)

    def layer(self, folder: str, layer: object, **settings: object) -> Answer:
        """Set a folder's storage layer."""
        change = {"storageLayer": {"set": True, "value": layer}, **settings}
        return self.api("PUT", "/folders", {"folderPath": folder, "folderSettings": change})

    def upload(self, path: str, body: bytes, **headers: str) -> Answer:
        """BasicUpload to a fixed path."""
        lines = {"Content-Type": "text/plain", **headers}
        target = f"/uploads/binary?filePath={quote(path, safe='')}"
        return self.api("POST", target, body=body, headers=lines)

    def details(self, path: str) -> Answer:
        """GetFileDetails."""
        return self.api("GET", f"/files/details?filePath={quote(path, safe='')}")

    def delete(self, path: str) -> Answer:
        """DeleteFile."""
        return self.api("DELETE", f"/files?filePath={quote(path, safe='')}")

    def job(self, method: str, target: str, value: object) -> Any:  # noqa: ANN401 - a body
        """A request that ends in a job, when that is over."""
        accepted = self.api(method, target, value)
        assert accepted.status == 200, accepted.body
        asked = f"/jobs/{accepted.json['jobType']}/{accepted.json['jobId']}"
        for _ in range(200):
            job = self.api("GET", asked).json
            if job["status"] in {"Succeeded", "Failed"}:
                return job
            time.sleep(0.05)
        pytest.fail(f"the job did not end: {job}")

    def folder(self, path: str) -> Any:  # noqa: ANN401 - a body
        """GetFolderDetails."""
        return self.api("GET", f"/folders?folderPath={quote(path, safe='')}").json

    def raw(self, path: str, query: str = "", *, method: str = "GET", **headers: str) -> Answer:
        """A file from the delivery plane, without a credential."""
        url = f"{self.server.cdn}/{self.server.account_id}/raw{quote(path)}{query}"
        lines = {name.replace("_", "-"): value for name, value in headers.items()}
        return request(method, url, headers=lines)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("layers")
    env = {"BYTEWARD_OUTBOUND__ALLOW_PRIVATE": "true"}
    with serving(folder / "data", env=env) as server:
        yield World(server)


@pytest.fixture
def bucket() -> TestBucket:
    return new_bucket()


@pytest.fixture
def origin() -> Iterator[WebOrigin]:
    with web_origin() as opened:
        yield opened


def test_099_no_answer_carries_credentials(world: World) -> None:
    put = world.layer("/c99", S3)
    assert put.status == 200, put.body
    shown = {name: value for name, value in S3.items() if name != "credentials"}
    assert put.json["settings"]["storageLayer"] == shown
    assert world.folder("/c99")["settings"]["storageLayer"] == shown
    below = world.folder("/c99/a")["settingsInherited"]["storageLayer"]
    assert below == {"folderPath": "/c99", "value": shown}
    listed = world.api("GET", "/folders/list?folderPath=%2F").body
    for answer in (put.body, world.api("GET", "/folders?folderPath=%2Fc99").body, listed):
        assert b"AKIA" not in answer
        assert b"SSSS" not in answer
    assert b"SSSS" not in world.server.data.joinpath("byteward.db").read_bytes()


def test_099_export_has_credentials_only_when_asked_and_apply_of_either_changes_nothing(
    world: World, tmp_path: Path
) -> None:
    world.layer("/c99x", S3)

    def export(*options: str) -> str:
        done = run_command("export", "--json", *options, data=world.server.data)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode()

    def apply(text: str) -> Any:  # noqa: ANN401 - a result
        path = tmp_path / "document.json"
        path.write_text(text)
        done: subprocess.CompletedProcess[bytes]
        done = run_command("apply", "--json", str(path), data=world.server.data)
        return done.returncode, json.loads(done.stdout or b"null"), done.stderr.decode()

    plain, secret = export(), export("--with-secrets")
    assert "SSSS" not in plain
    assert "SSSS" in secret
    for text in (plain, secret):
        code, result, _ = apply(text)
        assert (code, result["changes"]) == (0, [])
    code, result, _ = apply(secret.replace("S" * 40, "T" * 40))
    assert (code, [each["name"] for each in result["changes"]]) == (0, ["/c99", "/c99x"])
    assert "TTTT" not in json.dumps(result)
    code, _, told = apply(plain.replace('"photos"', '"others"'))
    assert code != 0
    assert "credentials" in told


def stored_here(world: World) -> set[str]:
    """Objects in the server's own store."""
    return {path.name for path in (world.server.data / "objects").rglob("*") if path.is_file()}


def plant(world: World, root: str, bucket: TestBucket) -> None:
    """The folder `/t` of the numbered cases under another name."""
    world.layer(f"{root}/ext", bucket.layer())
    for path in ("a.jpg", "sub/c.txt", "ext/e.txt", "ext/sub/f.txt"):
        assert world.upload(f"{root}/{path}", path.encode()).status == 200


def test_112_files_of_a_bucket_are_copied_when_asked_for(world: World, bucket: TestBucket) -> None:
    plant(world, "/t112", bucket)
    asked = {
        "source": "/t112",
        "destination": "/cp112",
        "copyOverriddenStorage": True,
        "copyVirtualFolders": False,
    }
    job = world.job("POST", "/folders/copy", asked)
    assert job["summary"]["progress"]["filesCopied"] == 4, job
    assert world.raw("/cp112/ext/sub/f.txt").body == b"ext/sub/f.txt"
    assert world.details("/cp112/ext/e.txt").json["mime"] == "text/plain"
    assert bucket.keys() == ["p/e.txt", "p/sub/f.txt"]


def test_113_a_copied_folder_maps_to_the_same_bucket(world: World, bucket: TestBucket) -> None:
    plant(world, "/t113", bucket)
    job = world.job("POST", "/folders/copy", {"source": "/t113", "destination": "/cp113"})
    assert job["status"] == "Succeeded", job
    shown = world.folder("/t113/ext")["settings"]["storageLayer"]
    assert world.folder("/cp113/ext")["settings"]["storageLayer"] == shown
    assert world.raw("/cp113/ext/e.txt").body == b"ext/e.txt"
    assert bucket.keys() == ["p/e.txt", "p/sub/f.txt"]


def test_115_deleting_a_mapped_folder_takes_the_mapping_and_below_it_the_objects(
    world: World, bucket: TestBucket
) -> None:
    plant(world, "/t115", bucket)
    job = world.job("DELETE", "/folders", {"folderPath": "/t115/ext/sub"})
    assert job["summary"]["progress"] == {"filesDeleted": 1, "foldersDeleted": 0}, job
    assert bucket.keys() == ["p/e.txt"]
    world.job("DELETE", "/folders", {"folderPath": "/t115/ext"})
    assert world.folder("/t115/ext")["settings"] == {}
    assert bucket.keys() == ["p/e.txt"]


def test_116_deleting_what_is_above_a_mapped_folder_leaves_the_bucket(
    world: World, bucket: TestBucket
) -> None:
    plant(world, "/t116", bucket)
    world.job("DELETE", "/folders", {"folderPath": "/t116"})
    assert world.details("/t116/a.jpg").status == 404
    assert not world.folder("/t116/ext")["virtual"]
    assert bucket.keys() == ["p/e.txt", "p/sub/f.txt"]


def test_batches_of_files_travel_between_stores(world: World, bucket: TestBucket) -> None:
    plant(world, "/tb", bucket)
    copies = [
        {"source": "/tb/a.jpg", "destination": "/tb/ext/up"},
        {"source": "/tb/ext/up", "destination": "/tb/ext/across", "tags": {"value": ["n"]}},
        {"source": "/tb/ext/across", "destination": "/tb/down"},
        {"source": "/tb/down", "destination": "/tb/last"},
        {"source": "/tb/ext/none", "destination": "/tb/none"},
    ]
    job = world.job("POST", "/files/copy/batch", {"files": copies})
    assert job["summary"]["progress"] == {"filesCopied": 4, "filesSkipped": 1}, job
    assert (bucket.get("p/up"), bucket.get("p/across")) == (b"a.jpg", b"a.jpg")
    last = world.details("/tb/last").json
    assert (world.raw("/tb/last").body, last["tags"]) == (b"a.jpg", ["n"])
    paths = ["/tb/ext/up", "/tb/last", "/tb/ext/none"]
    job = world.job("DELETE", "/files/batch", {"files": paths})
    assert job["status"] == "Succeeded", job
    assert bucket.keys() == ["p/across", "p/e.txt", "p/sub/f.txt"]
    assert world.details("/tb/last").status == 404
    moved = world.api("POST", "/files/move", {"source": "/tb/ext/across", "destination": "/x"})
    assert (moved.status, moved.code) == (400, "invalid_path")


def test_jobs_leave_what_cannot_be_written(world: World, origin: WebOrigin) -> None:
    world.layer("/ro", {"type": "Web", "baseUrl": origin.url})
    origin.serve("/a", b"theirs")
    job = world.job("DELETE", "/files/batch", {"files": ["/ro/a"]})
    assert (job["status"], job["error"]["code"]) == ("Failed", "read_only_storage")
    copy = {"files": [{"source": "/ro/a", "destination": "/ro-copy"}]}
    assert world.job("POST", "/files/copy/batch", copy)["status"] == "Succeeded"
    assert world.raw("/ro-copy").body == b"theirs"
    back = {"files": [{"source": "/ro-copy", "destination": "/ro/b"}]}
    refused = world.api("POST", "/files/copy/batch", back)
    assert (refused.status, refused.code) == (400, "read_only_storage")
    assert world.job("DELETE", "/folders", {"folderPath": "/ro/deep"})["status"] == "Succeeded"


def test_125_uploads_into_a_web_layer_are_refused_and_create_nothing(
    world: World, origin: WebOrigin
) -> None:
    world.layer("/web125", {"type": "Web", "baseUrl": origin.url})
    refused = world.upload("/web125/a.txt", b"hello")
    assert (refused.status, refused.code) == (400, "read_only_storage")
    begun = world.api(
        "POST", "/uploads", {"size": 5, "path": "/web125/b.txt", "mime": "text/plain"}
    )
    assert (begun.status, begun.code) == (400, "read_only_storage")
    removed = world.delete("/web125/a.txt")
    assert (removed.status, removed.code) == (400, "read_only_storage")
    assert origin.requests == []
    assert world.details("/web125/a.txt").status == 404


@pytest.mark.parametrize(
    ("absolute", "key"), [(False, "p/sub/g.txt"), (True, "p/t126True/ext/sub/g.txt")]
)
def test_126_uploads_become_objects_in_the_bucket(
    world: World, bucket: TestBucket, absolute: bool, key: str
) -> None:
    folder = f"/t126{absolute}/ext"
    assert world.layer(folder, bucket.layer(absolute=absolute)).status == 200
    path = f"{folder}/sub/g.txt"
    done = world.upload(path, b"hello", **{"X-Upload-Metadata": '{"k":1}'})
    assert done.status == 200, done.body
    assert bucket.keys() == [key]
    assert bucket.get(key) == b"hello"
    details = world.details(path).json
    assert (details["size"], details["mime"], details["metadata"]) == (5, "text/plain", {"k": 1})
    assert details["etag"] == done.json["etag"] == "5d41402abc4b2a76b9719d911017c592"
    served = world.raw(path)
    assert (served.status, served.body) == (200, b"hello")
    assert served.headers["etag"] == f'"{details["etag"]}"'
    assert served.headers["content-type"].startswith("text/plain")


def test_objects_that_others_stored_have_no_metadata(world: World, bucket: TestBucket) -> None:
    world.layer("/outside", bucket.layer())
    bucket.put("p/ü ö/a+b.txt", b"outside", "text/csv")
    details = world.details("/outside/ü ö/a+b.txt").json
    assert (details["metadata"], details["tags"], details["originalFileName"]) == ({}, [], None)
    assert (details["mime"], details["size"]) == ("text/csv", 7)
    assert world.raw("/outside/ü ö/a+b.txt").body == b"outside"
    assert world.raw("/outside/none").status == 404
    assert world.details("/outside/none").code == "file_not_found"


def test_what_others_put_in_place_of_a_file_has_none_of_its_metadata(
    world: World, bucket: TestBucket
) -> None:
    world.layer("/replaced", bucket.layer())
    world.upload("/replaced/a", b"ours", **{"X-Upload-Metadata": '{"secret":1}'})
    assert world.details("/replaced/a").json["metadata"] == {"secret": 1}
    bucket.put("p/a", b"theirs", "text/csv")
    details = world.details("/replaced/a").json
    assert (details["metadata"], details["mime"]) == ({}, "text/csv")


def test_ranges_conditions_and_head_of_an_object(world: World, bucket: TestBucket) -> None:
    world.layer("/ranges", bucket.layer())
    data = bytes(range(256)) * 4096 * 2
    bucket.put("p/big.bin", data, "application/octet-stream")
    whole = world.raw("/ranges/big.bin")
    assert (whole.status, whole.body) == (200, data)
    etag = whole.headers["etag"]
    part = world.raw("/ranges/big.bin", range="bytes=1048570-1048580")
    assert (part.status, part.body) == (206, data[1048570:1048581])
    assert part.headers["content-range"] == f"bytes 1048570-1048580/{len(data)}"
    tail = world.raw("/ranges/big.bin", range="bytes=-3")
    assert (tail.status, tail.body) == (206, data[-3:])
    assert world.raw("/ranges/big.bin", range=f"bytes={len(data)}-").status == 416
    assert world.raw("/ranges/big.bin", range="bytes=0-1", if_range='"other"').body == data
    assert world.raw("/ranges/big.bin", range="bytes=0-1", if_range=etag).status == 206
    unchanged = world.raw("/ranges/big.bin", if_none_match=etag)
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged.headers["etag"] == etag
    assert world.raw("/ranges/big.bin", if_match='"other"').status == 412
    since = whole.headers["last-modified"]
    assert world.raw("/ranges/big.bin", if_modified_since=since).status == 304
    head = world.raw("/ranges/big.bin", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(data))
    assert head.headers["etag"] == etag


def test_a_file_is_overwritten_and_deleted_in_the_bucket(world: World, bucket: TestBucket) -> None:
    world.layer("/over", bucket.layer())
    assert world.upload("/over/a", b"one").status == 200
    assert world.upload("/over/a", b"two!").status == 200
    assert bucket.get("p/a") == b"two!"
    assert world.raw("/over/a").body == b"two!"
    assert world.delete("/over/a").status == 204
    assert world.delete("/over/a").status == 204
    assert bucket.keys() == []
    assert world.details("/over/a").status == 404


def test_a_taken_name_in_the_bucket_leads_to_the_fallback(world: World, bucket: TestBucket) -> None:
    world.layer("/fall", bucket.layer())
    bucket.put("p/a.txt", b"theirs")
    target = "/uploads/binary?folderPath=%2Ffall&fileName=a.txt&fileNameFallback=b.txt"
    done = world.api("POST", target, body=b"ours", headers={"Content-Type": "text/plain"})
    assert (done.status, done.json["filePath"]) == (200, "/fall/b.txt")
    assert bucket.get("p/a.txt") == b"theirs"
    unique = "/uploads/binary?folderPath=%2Ffall&fileName=%7BUNIQUE_DIGITS_4%7D.txt"
    drawn = world.api("POST", unique, body=b"x", headers={"Content-Type": "text/plain"})
    assert drawn.status == 200
    assert bucket.get("p/" + drawn.json["filePath"].removeprefix("/fall/")) == b"x"


def test_an_upload_in_parts_becomes_one_object(world: World, bucket: TestBucket) -> None:
    world.layer("/parts", bucket.layer())
    data, before = bytes(range(251)) * 40_000, stored_here(world)
    begun = world.api(
        "POST", "/uploads", {"size": len(data), "path": "/parts/big", "mime": "text/csv"}
    ).json
    assert bucket.keys() == []
    count = begun["uploadParts"]["count"]
    for index in range(count):
        part_path = f"/uploads/{begun['uploadId']}/parts/{index}"
        part = world.api("GET", part_path).json
        start, end = part["range"]["inclusiveStart"], part["range"]["inclusiveEnd"]
        sent = request("PUT", part["uploadUrl"], body=data[start : end + 1])
        assert sent.status == 200, sent.body
        etag = sent.headers["etag"]
        done = world.api("PUT", part_path, {"etag": etag})
        assert done.status == 200, done.body
    assert bucket.get("p/big") == data
    details = world.details("/parts/big").json
    assert (details["size"], details["mime"]) == (len(data), "text/csv")
    assert stored_here(world) == before


def test_a_form_and_the_bucket(world: World, bucket: TestBucket) -> None:
    world.layer("/form", bucket.layer())
    body = (
        b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\none\r\n'
        b'--x\r\nContent-Disposition: form-data; name="g"; filename="b.txt"\r\n\r\ntwo\r\n--x--\r\n'
    )
    target = "/uploads/form_data?folderPath=%2Fform&fileName=%7BORIGINAL_FILE_NAME%7D"
    lines = {"Content-Type": "multipart/form-data; boundary=x"}
    done = world.api("POST", target, body=body, headers=lines)
    assert done.status == 200, done.body
    assert (bucket.get("p/a"), bucket.get("p/b")) == (b"one", b"two")


def test_files_of_the_layer_before_are_shadowed_and_come_back(
    world: World, bucket: TestBucket
) -> None:
    world.upload("/shadow/a", b"internal")
    world.layer("/shadow", bucket.layer())
    assert world.raw("/shadow/a").status == 404
    world.layer("/mounting", {"type": "InternalStorageV2", "mount": "/shadow"})
    assert world.raw("/mounting/a").body == b"internal"
    details = world.details("/mounting/a").json
    assert details["filePath"] == "/mounting/a"
    assert world.upload("/mounting/new", b"through the mount").status == 200
    world.layer("/shadow", {"type": "InternalStorageV2"})
    assert world.raw("/shadow/a").body == b"internal"
    assert world.raw("/shadow/new").body == b"through the mount"


def test_a_private_folder_stays_private_and_the_store_is_not_asked(
    world: World, origin: WebOrigin
) -> None:
    nothing: dict[str, object] = {"set": True, "value": []}
    layer = {"type": "Web", "baseUrl": origin.url}
    assert world.layer("/closed", layer, publicPermissions=nothing).status == 200
    origin.serve("/a", b"secret")
    assert world.raw("/closed/a").status == 403
    assert origin.requests == []


def test_web_pages_pass_through(world: World, origin: WebOrigin) -> None:
    world.layer("/web", {"type": "Web", "baseUrl": origin.url + "base"})
    origin.serve("/base/a%20b/%C3%BC.svg", b"<svg/>", Content_Type="image/svg+xml", ETag='W/"v1"')
    served = world.raw("/web/a b/ü.svg", "?cache=false&secret=1")
    assert (served.status, served.body) == (200, b"<svg/>")
    assert served.headers["content-type"] == "image/svg+xml"
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "content-security-policy" in served.headers
    assert served.headers["etag"] == 'W/"v1"'
    assert world.raw("/web/a b/ü.svg", if_none_match='W/"v1"').status == 304
    assert world.raw("/web/a b/ü.svg", if_match='W/"v1"').status == 412
    details = world.details("/web/a b/ü.svg").json
    assert (details["etag"], details["size"], details["metadata"]) == ("v1", 6, {})
    assert world.raw("/web/none").status == 404
    method, target, headers = origin.requests[0]
    assert (method, target) == ("GET", "/base/a%20b/%C3%BC.svg")
    assert {"cookie", "authorization", "x-forwarded-for"}.isdisjoint(headers)


def test_parts_and_heads_of_web_pages(world: World, origin: WebOrigin) -> None:
    world.layer("/webr", {"type": "Web", "baseUrl": origin.url})
    origin.serve("/a", b"0123456789", ETag='"v1"')
    part = world.raw("/webr/a", range="bytes=2-4")
    assert (part.status, part.body) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    assert world.raw("/webr/a", range="bytes=2-4", if_range='"v0"').body == b"0123456789"
    head = world.raw("/webr/a", method="HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, "10", b"")


def test_a_web_page_of_unknown_length(world: World, origin: WebOrigin) -> None:
    world.layer("/webl", {"type": "Web", "baseUrl": origin.url})
    origin.serve("/a", b"streamed" * 1000, X_No_Length="1")
    served = world.raw("/webl/a")
    assert (served.status, served.body) == (200, b"streamed" * 1000)
    assert world.details("/webl/a").json["size"] == 0


def test_azure_layers_take_no_files_and_tell_none(world: World) -> None:
    layer = {
        "type": "AzureReadOnly",
        "azureStorage": {
            "accountName": "photos",
            "containerName": "mine",
            "blobNamePrefix": "",
        },
        "credentials": {"sasToken": "sv=2024-11-04&sig=SIGNATURE"},
        "useAbsolutePaths": False,
    }
    put = world.layer("/azure", layer)
    assert put.status == 200
    assert b"SIGNATURE" not in put.body
    for refused in (world.upload("/azure/a", b"x"), world.delete("/azure/a")):
        assert (refused.status, refused.code) == (400, "read_only_storage")
    assert listed(world, "/azure") == []


def test_web_queries_are_sent_on_as_the_layer_says(world: World, origin: WebOrigin) -> None:
    layer = {
        "type": "Web",
        "baseUrl": origin.url,
        "appendQueryString": "token=t",
        "queryStringForwarding": {"type": "Whitelist", "parameters": [{"name": "w%5B%5D"}]},
    }
    world.layer("/webq", layer)
    origin.serve("/a?token=t&w%5B%5D=1&w%5B%5D=a%26b", b"ok")
    assert world.raw("/webq/a", "?w[]=1&h=2&w[]=a%26b&cache=false").body == b"ok"
    layer["queryStringForwarding"] = {"type": "Blacklist", "parameters": [{"name": "h"}]}
    world.layer("/webq", layer)
    origin.serve("/a?token=t&w=1", b"black")
    assert world.raw("/webq/a", "?w=1&h=2&download=true&v=3&meta-x=1").body == b"black"


def test_failures_of_an_origin_are_502_and_say_nothing_more(
    world: World, origin: WebOrigin
) -> None:
    world.layer("/webf", {"type": "Web", "baseUrl": origin.url})
    origin.serve("/down", b"stack trace", status=500)
    failed = world.raw("/webf/down")
    assert (failed.status, failed.code) == (502, "origin_error")
    assert failed.json["error"]["details"] == {"status": 500}
    assert b"stack trace" not in failed.body
    origin.serve("/inside", b"", status=302, Location="gopher://127.0.0.1/")
    assert world.raw("/webf/inside").code == "origin_error"
    world.layer("/gone", {"type": "Web", "baseUrl": "http://127.0.0.1:1/"})
    unreachable = world.raw("/gone/a")
    assert (unreachable.status, unreachable.code) == (502, "origin_error")
    assert "details" not in unreachable.json["error"]


def test_an_open_proxy_takes_the_url_from_the_path(world: World, origin: WebOrigin) -> None:
    world.layer("/proxy", {"type": "Web"})
    origin.serve("/x/y.txt", b"proxied")
    assert world.raw(f"/proxy/{origin.url}x/y.txt").body == b"proxied"
    assert world.raw(f"/proxy/{origin.url.replace('//', '/')}x/y.txt").body == b"proxied"
    assert world.raw("/proxy/x/y.txt").status == 404
    assert world.raw("/proxy/file:///etc/passwd").status == 404


def test_wrong_keys_make_a_502_for_writes_and_a_404_for_reads(
    world: World, bucket: TestBucket
) -> None:
    bucket.put("p/a", b"there")
    layer = bucket.layer() | {"credentials": {"accessKey": ACCESS_KEY, "secretKey": "wrong"}}
    world.layer("/keys", layer)
    assert world.raw("/keys/a").status == 404
    refused = world.upload("/keys/b", b"x")
    assert (refused.status, refused.code) == (502, "origin_error")
    assert SECRET_KEY.encode() not in refused.body
    log = world.server.log.read_text()
    assert "SignatureDoesNotMatch" in log
    assert SECRET_KEY not in log
    assert "wrong" not in log
    assert bucket.keys() == ["p/a"]


def test_addresses_inside_are_refused_when_a_layer_is_set_and_when_it_is_used(
    tmp_path: Path,
) -> None:
    urls = ["http://127.0.0.1/", "http://169.254.169.254/", "http://[::1]/"]
    with serving(tmp_path / "data") as server:
        world = World(server)
        for url in urls:
            refused = world.layer("/web", {"type": "Web", "baseUrl": url})
            assert (refused.status, refused.code) == (400, "invalid_request")
            # By way of a document it is stored, and then refused at every connection.
        folders = [
            {"folderPath": f"/web{number}", "storageLayer": {"type": "Web", "baseUrl": url}}
            for number, url in enumerate(urls)
        ]
        server.apply({"accounts": [{"accountId": server.account_id, "folders": folders}]})
        for number in range(len(urls)):
            answer = world.raw(f"/web{number}/a")
            assert (answer.status, answer.code) == (502, "origin_error")


def listed(world: World, path: str, **query: str) -> list[str]:
    """Paths of all pages of a listing; no page tells more than it was asked for."""
    found: list[str] = []
    cursor = ""
    while True:
        pairs = "".join(f"&{name}={quote(value, safe='')}" for name, value in query.items())
        answer = world.api("GET", f"/folders/list?folderPath={quote(path, safe='')}{pairs}{cursor}")
        assert answer.status == 200, answer.body
        items = answer.json["items"]
        assert len(items) <= int(query.get("limit", "1000"))
        found += [item.get("filePath") or item["folderPath"] for item in items]
        if answer.json["isPaginationComplete"]:
            return found
        cursor = f"&cursor={quote(answer.json['cursor'], safe='')}"


@pytest.fixture
def seeded(world: World, bucket: TestBucket) -> tuple[str, TestBucket]:
    """The fixture of the numbered cases, in a folder of its own."""
    base = f"/t-{bucket.name}"
    for name in ("a.jpg", "b.txt", "sub/c.txt", "sub/deep/d.txt"):
        assert world.upload(f"{base}/{name}", b"hello").status == 200
    world.api("PUT", "/folders", {"folderPath": f"{base}/vf"})
    assert world.layer(f"{base}/ext", bucket.layer()).status == 200
    for name in ("ext/e.txt", "ext/sub/f.txt"):
        assert world.upload(f"{base}/{name}", b"hello").status == 200
    return base, bucket


PAGES: Final = [{}, {"limit": "1"}, {"limit": "2"}, {"limit": "3"}]


@pytest.mark.parametrize("paging", PAGES)
def test_102_listing_of_a_folder_with_a_bucket_below_it(
    world: World, seeded: tuple[str, TestBucket], paging: dict[str, str]
) -> None:
    base, _ = seeded
    names = ("a.jpg", "b.txt", "ext", "sub", "vf")
    assert listed(world, base, **paging) == [f"{base}/{name}" for name in names]
    assert listed(world, f"{base}/ext", **paging) == [f"{base}/ext/e.txt", f"{base}/ext/sub"]
    assert listed(world, f"{base}/ext/sub", **paging) == [f"{base}/ext/sub/f.txt"]
    assert listed(world, f"{base}/ext/none", **paging) == []


@pytest.mark.parametrize("paging", PAGES)
def test_105_recursive_listing_descends_into_buckets(
    world: World, seeded: tuple[str, TestBucket], paging: dict[str, str]
) -> None:
    base, _ = seeded
    names = [
        "a.jpg", "b.txt", "ext", "ext/e.txt", "ext/sub/f.txt", "sub/c.txt", "sub/deep/d.txt", "vf",
    ]  # fmt: skip
    assert listed(world, base, recursive="true", **paging) == [f"{base}/{name}" for name in names]


def test_106_files_of_overridden_storage_are_left_out_when_asked(
    world: World, seeded: tuple[str, TestBucket]
) -> None:
    base, _ = seeded
    found = listed(world, base, recursive="true", includeOverriddenStorage="false")
    names = ["a.jpg", "b.txt", "ext", "sub/c.txt", "sub/deep/d.txt", "vf"]
    assert found == [f"{base}/{name}" for name in names]
    below = listed(world, f"{base}/ext/sub", includeOverriddenStorage="false")
    assert below == [f"{base}/ext/sub/f.txt"]


def test_107_kinds_of_folders_of_a_bucket(world: World, seeded: tuple[str, TestBucket]) -> None:
    base, _ = seeded
    without = listed(world, f"{base}/ext", includePhysicalFolders="false")
    assert without == [f"{base}/ext/e.txt"]
    world.api("PUT", "/folders", {"folderPath": f"{base}/ext/sub"})
    assert listed(world, f"{base}/ext", includePhysicalFolders="false") == [
        f"{base}/ext/e.txt",
        f"{base}/ext/sub",
    ]
    assert listed(world, f"{base}/ext", includeVirtualFolders="false") == [f"{base}/ext/e.txt"]


@pytest.mark.parametrize("paging", PAGES)
def test_regions_in_regions_are_listed_in_the_order_of_paths(
    world: World, bucket: TestBucket, paging: dict[str, str]
) -> None:
    base = f"/r-{bucket.name}"
    world.layer(base, bucket.layer(prefix=""))
    world.layer(f"{base}/in", {"type": "InternalStorageV2"})
    world.layer(f"{base}/in/out", bucket.layer(prefix="other/"))
    world.layer(f"{base}/mount", {"type": "InternalStorageV2", "mount": f"/m-{bucket.name}"})
    world.layer(f"{base}/web", {"type": "Web", "baseUrl": "http://127.0.0.1:1/"})
    world.api("PUT", "/folders", {"folderPath": f"{base}/a/made"})
    world.upload(f"/m-{bucket.name}/x/y", b"mounted")
    for key in ("a/1", "in/shadowed", "mount/shadowed", "web/shadowed", "z", "zz/1", "other/o/1"):
        bucket.put(key, b"x")
    world.upload(f"{base}/in/i", b"inside")
    names = [
        "a", "a/1", "a/made", "in", "in/i", "in/out", "in/out/o/1", "mount", "mount/x/y",
        "other/o/1", "web", "z", "zz/1",
    ]  # fmt: skip
    found = listed(world, base, recursive="true", **paging)
    assert found == [f"{base}/{name}" for name in names]
    direct = ["a", "in", "mount", "other", "web", "z", "zz"]
    assert listed(world, base, **paging) == [f"{base}/{name}" for name in direct]
    assert listed(world, f"{base}/mount", **paging) == [f"{base}/mount/x"]
    assert listed(world, f"{base}/web", **paging) == []


def test_a_bucket_of_more_objects_than_a_page_is_listed_whole(
    world: World, bucket: TestBucket
) -> None:
    world.layer("/many", bucket.layer())
    keys = [f"p/d{number % 7}/f{number:03}" for number in range(60)]
    for key in keys:
        bucket.put(key, b"")
    found = listed(world, "/many", recursive="true", limit="7")
    assert found == sorted("/many/" + key.removeprefix("p/") for key in keys)
    assert listed(world, "/many", limit="3") == [f"/many/d{number}" for number in range(7)]
