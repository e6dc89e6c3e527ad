"""BMP, HEIC and PDF through a running server, decoded in its confined processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.server import Answer, Server, request, serving
from tests.unit.transform.engine.documents import CORNERS, QUAD_PDF, bmp, heic, pdf
from tests.unit.transform.engine.pictures import near, opened

FILES = {
    "a.bmp": bmp(80, 60),
    "a.heic": heic("quad"),
    "a.pdf": pdf([(200, 100, QUAD_PDF), (50, 50, "BT /F1 12 Tf (text) Tj ET")]),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("formats") / "data") as started:
        for name, body in {**FILES, "half.heic": FILES["a.heic"][:600]}.items():
            url = f"{started.api}/v2/accounts/{started.account_id}/uploads/binary?filePath=/{name}"
            headers = {"Authorization": f"Bearer {started.secret_key}"}
            assert request("POST", url, headers=headers, body=body).status == 200
        yield started


def get(server: Server, target: str) -> Answer:
    return request("GET", f"{server.cdn}/{server.account_id}/image/{target}")


@pytest.mark.parametrize("name", FILES)
def test_a_file_becomes_a_small_picture(server: Server, name: str) -> None:
    answer = get(server, f"{name}?w=40&f=png")
    assert answer.status == 200, answer.body
    image = opened(answer.body)
    assert image.width == 40
    for (x, y), colour in CORNERS.items():
        found = [round(each) for each in image(int(x * image.width), int(y * image.height))]
        assert near(found[:3], colour, 12)
    assert get(server, f"{name}?w=40").headers["content-type"] == "image/jpeg"
    told = get(server, f"{name}?f=meta").json
    assert told["pages"] == (2 if name == "a.pdf" else 1)


def test_pages_are_chosen_and_counted(server: Server) -> None:
    second = get(server, "a.pdf?page=2&dpi=144&f=png")
    assert (opened(second.body).width, second.status) == (100, 200)
    assert get(server, "a.pdf?page=3").status == 400


def test_a_damaged_file_is_told(server: Server) -> None:
    answer = get(server, "half.heic?w=10")
    assert (answer.status, answer.code) == (422, "corrupt_input")
