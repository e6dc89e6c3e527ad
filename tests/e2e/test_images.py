"""Images over HTTP from a real server: transformed, cached, negotiated, refused, permitted."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.e2e.server import Answer, Server, request, serving
from tests.unit.transform.engine.pictures import opened, picture

PRESETS: list[dict[str, object]] = [
    {
        "name": "thumbnail",
        "transformation": "image",
        "params": [{"w": 100}, {"h": 100}, {"fit": "crop"}],
    },
    {"name": "film", "transformation": "video", "params": [{"w": 100}]},
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("images") / "data") as started:
        private = {"folderPath": "/private", "publicPermissions": []}
        raw_only = {
            "folderPath": "/raw-only",
            "publicPermissions": [
                {"scope": "Children", "permissions": {"file": {"downloadFile": ["raw"]}}}
            ],
        }
        thumbnails = {
            "folderPath": "/thumbs",
            "publicPermissions": [
                {"scope": "Children", "permissions": {"file": {"downloadFile": ["thumbnail"]}}}
            ],
        }
        account = {
            "accountId": started.account_id,
            "folders": [private, raw_only, thumbnails],
            "presets": PRESETS,
        }
        started.apply({"accounts": [account]})
        for name in ("QUAD", "QUADJ", "EX6", "G4", "SVG1", "ALPHA", "LOGO", "BASE"):
            store(started, f"/{name}", picture(name), "application/octet-stream")
        for folder in ("private", "raw-only", "thumbs"):
            store(started, f"/{folder}/q.png", picture("QUAD"), "image/png")
        yield started


def store(server: Server, path: str, body: bytes, mime: str) -> None:
    answer = request(
        "POST",
        f"{server.api}/v2/accounts/{server.account_id}/uploads/binary?filePath={quote(path)}",
        headers={"Authorization": f"Bearer {server.secret_key}", "Content-Type": mime},
        body=body,
    )
    assert answer.status == 200, answer.body


def get(
    server: Server, path: str, *, slug: str = "image", method: str = "GET", **headers: str
) -> Answer:
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    return request(method, f"{server.cdn}/{server.account_id}/{slug}{path}", headers=lines)


def size(answer: Answer) -> tuple[int, int]:
    assert answer.status == 200, answer.body
    image = opened(answer.body)
    return image.width, image.height


def test_an_image_is_resized_in_both_query_forms(server: Server) -> None:
    first = get(server, "/QUAD?w=100")
    assert size(first) == (100, 75)
    assert first.headers["content-type"] == "image/png"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert get(server, "/QUAD!w=100").body == first.body
    assert get(server, "/QUAD?cache_perm=auto&version=50&w=100&artifact=/").body == first.body
    assert size(get(server, "/EX6")) == (300, 400)
    assert size(get(server, "/SVG1?f=webp&w=1000&h=1000&fit=max")) == (1000, 500)


def test_validators_ranges_head_and_downloads_work_as_for_files(server: Server) -> None:
    first = get(server, "/QUAD?w=90")
    etag = first.headers["etag"]
    again = get(server, "/QUAD?w=90", If_None_Match=etag)
    assert (again.status, again.body) == (304, b"")
    head = get(server, "/QUAD?w=90", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == first.headers["content-length"]
    part = get(server, "/QUAD?w=90", Range="bytes=1-3")
    assert (part.status, part.body) == (206, first.body[1:4])
    assert get(server, "/QUAD?w=91").headers["etag"] != etag
    download = get(server, "/QUAD?w=90&download=true")
    assert download.headers["content-disposition"].startswith("attachment")


def test_the_format_follows_the_client(server: Server) -> None:
    modern = get(server, "/ALPHA?f=webp&f2=png", Accept="image/webp,*/*")
    old = get(server, "/ALPHA?f=webp&f2=png", Accept="*/*")
    assert (modern.headers["content-type"], old.headers["content-type"]) == (
        "image/webp", "image/png",
    )  # fmt: skip
    assert "Accept" in modern.headers["vary"]
    assert "Accept" in old.headers["vary"]
    assert "Accept" not in get(server, "/ALPHA?f=webp").headers["vary"]
    assert get(server, "/ALPHA?f=auto", Accept="image/avif").headers["content-type"] == "image/avif"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/QUAD?w=0", 400, "invalid_parameter"), ("/QUAD?f=bogus", 400, "invalid_parameter"),
        ("/nothing?w=0", 400, "invalid_parameter"), ("/nothing?w=5", 404, "file_not_found"),
        ("/QUAD?artifact=/x", 404, "artifact_not_found"), ("/G4?page=9", 400, "invalid_parameter"),
        ("/QUAD?image=/missing.png", 404, "file_not_found"),
        ("/QUAD?image=https://evil.example/x.png", 400, "invalid_parameter"),
        ("/QUAD?image=/private/q.png", 403, "authorization_failed_permission_denied"),
        ("/private/q.png?w=5", 403, "authorization_failed_permission_denied"),
        ("/private/missing.png?w=5", 403, "authorization_failed_permission_denied"),
        ("/private/q.png?w=0", 403, "authorization_failed_permission_denied"),
        ("/raw-only/q.png?w=5", 403, "authorization_failed_permission_denied"),
        ("/QUAD?w=4321&cache-only=true", 404, "not_cached"),
    ],
)  # fmt: skip
def test_refusals_are_typed(server: Server, path: str, status: int, code: str) -> None:
    answer = get(server, path)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["x-error-code"] == code


def test_what_is_no_image_is_refused(server: Server) -> None:
    store(server, "/text.png", b"just text", "image/png")
    store(server, "/cut.jpg", picture("LG")[:20_000], "image/jpeg")
    store(
        server, "/doctype.svg", b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>', "image/svg+xml"
    )
    assert get(server, "/text.png?w=5").code == "unsupported_input_format"
    assert get(server, "/cut.jpg?w=5").code == "corrupt_input"
    assert get(server, "/doctype.svg?w=5&f=png").status in {415, 422}
    # The server goes on.
    assert get(server, "/QUAD?w=12").status == 200


def test_a_private_image_needs_its_credential_and_stays_private(server: Server) -> None:
    key = f"Bearer {server.secret_key}"
    answer = get(server, "/private/q.png?w=50", Authorization=key)
    assert size(answer) == (50, 38)
    assert answer.headers["cache-control"].startswith("private")
    # What is cached now is still refused to strangers, also with its own validator.
    refused = get(server, "/private/q.png?w=50", If_None_Match=answer.headers["etag"])
    assert refused.status == 403
    layered = get(server, "/private/q.png?w=50&image=/private/q.png", Authorization=key)
    assert layered.status == 200


def test_presets_ignore_the_callers_parameters_and_have_their_own_permission(
    server: Server,
) -> None:
    preset = get(server, "/QUAD?w=9999&blur=50", slug="thumbnail")
    assert size(preset) == (100, 100)
    assert preset.body == get(server, "/QUAD", slug="thumbnail").body
    assert get(server, "/thumbs/q.png", slug="thumbnail").status == 200
    assert get(server, "/thumbs/q.png?w=100").status == 403
    assert get(server, "/QUAD", slug="film").code == "transformation_not_found"
    assert get(server, "/QUAD", slug="unknown").code == "transformation_not_found"


def test_an_edited_preset_gives_its_new_result_at_once(server: Server) -> None:
    changed = [{**PRESETS[0], "params": [{"w": 60}]}, PRESETS[1]]
    account = {"accountId": server.account_id, "presets": changed}
    before = get(server, "/BASE", slug="thumbnail")
    server.apply({"accounts": [account]})
    assert (size(before), size(get(server, "/BASE", slug="thumbnail"))) == ((100, 100), (60, 45))
    server.apply({"accounts": [{**account, "presets": PRESETS}]})


def test_an_overwritten_image_is_never_served_from_its_old_result(server: Server) -> None:
    store(server, "/changing.png", picture("QUAD"), "image/png")
    old = get(server, "/changing.png?w=40")
    store(server, "/changing.png", picture("BASE"), "image/png")
    new = get(server, "/changing.png?w=40")
    assert old.headers["etag"] != new.headers["etag"]
    assert opened(new.body)(1, 1)[:3] == [200, 100, 50]


def test_a_cached_result_survives_the_loss_of_the_cache(server: Server) -> None:
    first = get(server, "/QUAD?w=77")
    assert get(server, "/QUAD?w=77&cache-only=true").body == first.body
    shutil.rmtree(server.data / "cache")
    assert get(server, "/QUAD?w=77").status == 200
    assert get(server, "/QUAD?w=78").status == 200
    uncached = get(server, "/QUAD?w=77&cache=false")
    assert (uncached.status, uncached.headers["cache-control"]) == (200, "no-store")


def test_a_reset_makes_results_be_computed_anew(server: Server) -> None:
    assert get(server, "/QUAD?w=66").status == 200
    reset = request(
        "POST",
        f"{server.api}/v2/accounts/{server.account_id}/cache/reset",
        headers={
            "Authorization": f"Bearer {server.secret_key}",
            "Content-Type": "application/json",
        },
        body=json.dumps(
            {"pattern": "/image/QUAD", "resetEdgeCache": True, "resetPermanentCache": True}
        ).encode(),
    )
    job, deadline = reset.json["jobUrl"], time.monotonic() + 20
    status = ""
    while status != "Succeeded" and time.monotonic() < deadline:
        found = request("GET", job, headers={"Authorization": f"Bearer {server.secret_key}"})
        status = found.json["status"]
        time.sleep(0.05)
    assert found.json["summary"]["progress"]["edge"] + found.json["summary"]["progress"][
        "permanent"] > 0  # fmt: skip
    assert get(server, "/QUAD?w=66&cache-only=true").code == "not_cached"


def test_crop_files_show_a_part_of_their_image(server: Server) -> None:
    crop = {
        "inputPath": "QUAD",
        "pipeline": {
            "steps": [
                {
                    "type": "crop",
                    "geometry": {
                        "offset": {"x": 200, "y": 150},
                        "size": {"width": 200, "height": 150, "type": "widthxheight!"},
                    },
                }
            ]
        },
    }
    store(server, "/QUAD.crop", json.dumps(crop).encode(), "application/json")
    answer = get(server, "/QUAD.crop")
    assert size(answer) == (200, 150)
    assert opened(answer.body)(5, 5)[:3] == [255, 255, 0]
    assert size(get(server, "/QUAD.crop?w=100&f=webp")) == (100, 75)
    assert size(get(server, "/QUAD.crop?crop-x=0&crop-y=0&crop-w=10&crop-h=10")) == (10, 10)
    assert get(server, "/QUAD.crop", slug="raw").json == crop
    hidden = {**crop, "inputPath": "/private/q.png"}
    store(server, "/hidden.crop", json.dumps(hidden).encode(), "application/json")
    assert get(server, "/hidden.crop").status == 403
    store(server, "/odd.crop", b"[]", "application/json")
    assert get(server, "/odd.crop").code == "corrupt_input"


def test_many_cold_requests_for_one_result_get_one_body(server: Server) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: get(server, "/BASE?w=391&blur=9"), range(50)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1


def test_a_text_and_a_logo_are_painted(server: Server) -> None:
    query = "image=/LOGO&gravity=bottom-right&padding=10&text=Hi&font-size=40&color=ffffff&f=png"
    image = opened(get(server, f"/BASE?{query}").body)
    assert image(380, 280)[:3] == [0, 0, 255]
    assert image.extract_band(2).max() == 255


def test_metadata_and_placeholders(server: Server) -> None:
    meta = get(server, "/EX6?f=meta").json
    assert (meta["width"], meta["height"], meta["orientation"]) == (300, 400, 6)
    assert len(get(server, "/QUAD?f=blurhash").body) == 28


def test_a_layer_of_a_mounted_folder_is_found_where_the_mount_leads(server: Server) -> None:
    store(server, "/target/logo.png", picture("LOGO"), "image/png")
    answer = request(
        "PUT",
        f"{server.api}/v2/accounts/{server.account_id}/folders",
        headers={
            "Authorization": f"Bearer {server.secret_key}",
            "Content-Type": "application/json",
        },
        body=json.dumps(
            {
                "folderPath": "/mounted",
                "folderSettings": {
                    "storageLayer": {
                        "set": True,
                        "value": {"type": "InternalStorageV2", "mount": "/target"},
                    }
                },
            }
        ).encode(),
    )
    assert answer.status == 200, answer.body
    assert size(get(server, "/mounted/logo.png?w=10&f=png")) == (10, 10)
    image = opened(get(server, "/BASE?image=/mounted/logo.png&f=png").body)
    assert image(200, 150)[:3] == [0, 0, 255]
