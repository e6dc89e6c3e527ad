"""R10, I3: paths that try to leave their folder or account, in every spelling, on both planes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.conformance.access_cases import load_fixture
from tests.conformance.access_tokens import make_signers
from tests.conformance.http_world import World, bytes_of
from tests.conformance.untouched import Snapshot, changes, refusal_problems
from tests.e2e.server import Answer, serving
from tests.e2e.wire import Wire

API: Final = b"/v2/accounts/A623uY2"
ACCEPTED: Final[list[bytes]] = []  # odd names that were stored, and deleted again
PRIVATE: Final = bytes_of("/private/p.jpg")

# Percent-encoded text of a path behind its leading slash; decoded once it breaks the path rules.
BREAKS_RULES: Final = [
    b"..",
    b".",
    b"../private/p.jpg",
    b"docs/../private/p.jpg",
    b"docs/..",
    b"docs/.",
    b"./pub.jpg",
    b"docs/./../pub.jpg",
    b"%2e%2e",
    b"%2E%2E/private/p.jpg",
    b".%2e/private/p.jpg",
    b"%2e./private/p.jpg",
    b"docs/%2e%2e/private/p.jpg",
    b"docs%2F..%2Fprivate%2Fp.jpg",
    b"docs%2f%2e%2e%2fprivate%2fp.jpg",
    b"..%2F..%2F..%2Fetc%2Fpasswd",
    b"../../../../../../etc/passwd",
    b"docs/%2e",
    b"pub.jpg%00",
    b"pub.jpg%00.txt",
    b"a%01b",
    b"a%0d%0aX:%20y",
    b"a%1f",
    b"a%7f",
    b"a%c2%80",
    b"a%c2%85b",
    b"a%c2%9f",
    b"x" * 512,
    b"%f0%9f%98%80" * 60 + b"/..",
]
NOT_UTF_8: Final = [
    b"%c0%ae%c0%ae/private/p.jpg",
    b"%c0%af",
    b"docs%c0%af..",
    b"%e0%80%af",
    b"%f0%80%80%af",
    b"%ed%a0%80",
    b"%ed%a0%bd%ed%b8%80",
    b"%ff",
    b"%fe%ff",
    b"%c3",
    b"%f8%88%80%80%80",
    b"%f4%90%80%80",
    b"%",
    b"%2",
    b"%zz",
    b"%u002e%u002e",
    b"a%-1",
    b"%%2e",
]
# Ordinary names, which lead nowhere else; there is no file of the name.
LITERAL: Final = [
    b"%252e%252e/private/p.jpg",
    b"docs/%252e%252e%252fprivate%252fp.jpg",
    b"private%252fp.jpg",
    b"..%5cprivate%5cp.jpg",
    b"docs%5c..%5cprivate%5cp.jpg",
    b"C:%5cWindows",
    b"..;/private/p.jpg",
    b"...",
    b".../private/p.jpg",
    b"..%20/private/p.jpg",
    b"%20../private/p.jpg",
    b"..%c2%a0/private/p.jpg",
    b"%ef%bc%8e%ef%bc%8e%ef%bc%8fprivate",
    b"%e2%80%a4%e2%80%a4/private/p.jpg",
    b"PRIVATE/p.jpg",
    b"Private/p.jpg",
    b"private%20/p.jpg",
    b"~root",
    b"%24HOME",
    b"*",
    b"A623uY2/raw/private/p.jpg",
]
# Spellings of /private/p.jpg or of something below /private: refused as the plain one is.
STILL_PRIVATE: Final = [
    b"private/p.jpg",
    b"private%2fp.jpg",
    b"private%2Fp.jpg",
    b"%70rivate/p.jpg",
    b"%70%72%69%76%61%74%65/%70.jpg",
    b"private/p.jpg/",
    b"private//p.jpg",
    b"private/p.jpg;x",
    b"private/P.JPG",
    b"private/p.jpg%20",
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fixture = load_fixture()
    with serving(tmp_path_factory.mktemp("bad_paths") / "data") as server:
        made = World(server, fixture, make_signers(fixture))
        made.fill_in()
        before = Snapshot.of(server)
        yield made
        assert changes(made, before, accepted=len(ACCEPTED)) == []


def key(world: World) -> tuple[bytes, bytes]:
    return b"Authorization", world.admin("A623uY2")["Authorization"].encode()


def on_delivery(world: World, target: bytes, *, with_key: bool) -> Answer:
    with Wire(world.server.cdn) as wire:
        return wire.ask(b"GET", target, [key(world)] if with_key else [])


def on_api(world: World, method: bytes, target: bytes) -> Answer:
    body = b"hostile" if method == b"POST" else None
    with Wire(world.server.api) as wire:
        return wire.ask(method, target, [key(world)], body)


def query(path: bytes) -> bytes:
    """A path as the value of a query parameter, where some characters mean something else."""
    return b"%2F" + path.replace(b"+", b"%2B").replace(b"&", b"%26").replace(b" ", b"%20")


API_TARGETS: Final = [
    (b"GET", API + b"/files/details?filePath="),
    (b"DELETE", API + b"/files?filePath="),
    (b"POST", API + b"/uploads/binary?filePath="),
    (b"GET", API + b"/folders?folderPath="),
]


@pytest.mark.parametrize("path", BREAKS_RULES)
@pytest.mark.parametrize("with_key", [False, True])
def test_delivery_refuses_a_path_that_breaks_the_rules(
    world: World, path: bytes, with_key: bool
) -> None:
    for prefix in (b"/A623uY2/raw/", b"/A623uY2/image/", b"/A623uY2/raw/pub.jpg?path=%2F"):
        answer = on_delivery(world, prefix + path, with_key=with_key)
        assert refusal_problems(answer) == []
        assert (answer.status, answer.code) == (400, "invalid_path")


@pytest.mark.parametrize("path", NOT_UTF_8)
@pytest.mark.parametrize("with_key", [False, True])
def test_delivery_refuses_what_is_not_percent_encoded_utf_8(
    world: World, path: bytes, with_key: bool
) -> None:
    for prefix in (b"/A623uY2/raw/", b"/A623uY2/image/", b"/A623uY2/raw/pub.jpg?path=%2F"):
        answer = on_delivery(world, prefix + path, with_key=with_key)
        assert refusal_problems(answer) == []
        assert (answer.status, answer.code) == (400, "invalid_path_encoding")


@pytest.mark.parametrize("path", LITERAL)
@pytest.mark.parametrize("with_key", [False, True])
def test_delivery_takes_odd_names_literally(world: World, path: bytes, with_key: bool) -> None:
    for prefix in (b"/A623uY2/raw/", b"/A623uY2/raw/pub.jpg?path=%2F"):
        answer = on_delivery(world, prefix + path, with_key=with_key)
        assert (answer.status, answer.code) == (404, "file_not_found")


@pytest.mark.parametrize("path", STILL_PRIVATE)
def test_every_spelling_of_a_private_path_is_private(world: World, path: bytes) -> None:
    for prefix in (b"/A623uY2/raw/", b"/A623uY2/raw/pub.jpg?path=%2F"):
        answer = on_delivery(world, prefix + path, with_key=False)
        assert refusal_problems(answer) == []
        assert (answer.status, answer.code) == (403, "authorization_failed_permission_denied")


@pytest.mark.parametrize("path", BREAKS_RULES)
@pytest.mark.parametrize(("method", "target"), API_TARGETS)
def test_the_api_refuses_a_path_that_breaks_the_rules(
    world: World, method: bytes, target: bytes, path: bytes
) -> None:
    answer = on_api(world, method, target + query(path))
    assert refusal_problems(answer) == []
    # Length and line breaks are judged by the schema already.
    breaks_schema = path == b"x" * 512 or b"%0a" in path
    assert answer.status == 400
    assert answer.code == ("invalid_request" if breaks_schema else "invalid_path")


@pytest.mark.parametrize("path", NOT_UTF_8)
@pytest.mark.parametrize(("method", "target"), API_TARGETS)
def test_the_api_refuses_what_is_not_percent_encoded_utf_8(
    world: World, method: bytes, target: bytes, path: bytes
) -> None:
    answer = on_api(world, method, target + query(path))
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (400, "invalid_request")


@pytest.mark.parametrize("path", LITERAL)
def test_the_api_takes_odd_names_literally(world: World, path: bytes) -> None:
    details = on_api(world, b"GET", API + b"/files/details?filePath=" + query(path))
    assert (details.status, details.code) == (404, "file_not_found")
    stored = on_api(world, b"POST", API + b"/uploads/binary?filePath=" + query(b"odd/" + path))
    assert stored.status == 200, stored.body
    ACCEPTED.append(path)
    read = on_delivery(world, b"/A623uY2/raw/odd/" + path, with_key=True)
    assert (read.status, read.body) == (200, b"hostile")
    gone = on_api(world, b"DELETE", API + b"/files?filePath=" + query(b"odd/" + path))
    assert gone.status == 204
    for account_id, paths in world.files.items():
        for known in paths:
            assert world.stored(account_id, known) == bytes_of(known)


@pytest.mark.parametrize("account", [b"B7xk3Qz", b"b7xk3qz", b"A623uY2%2f..%2fB7xk3Qz"])
@pytest.mark.parametrize("path", [b"/private/b.jpg", b"/file.png"])
def test_a_key_opens_nothing_of_another_account(world: World, account: bytes, path: bytes) -> None:
    answer = on_delivery(world, b"/" + account + b"/raw" + path, with_key=True)
    assert refusal_problems(answer) == []
    assert answer.status in (401, 404)
    api = on_api(world, b"GET", b"/v2/accounts/" + account + b"/files/details?filePath=" + path)
    assert refusal_problems(api) == []
    assert api.status in (401, 404)


@pytest.mark.parametrize(
    "target",
    [
        b"/A623uY2/../A623uY2/raw/private/p.jpg",
        b"/A623uY2/raw/../raw/private/p.jpg",
        b"//A623uY2/raw/private/p.jpg",
        b"/./A623uY2/raw/private/p.jpg",
        b"/A623uY2%2Fraw%2Fprivate%2Fp.jpg",
        b"/%41623uY2/raw/private/p.jpg",
        b"/A623uY2/r%61w/private/p.jpg",
        b"/A623uY2/RAW/private/p.jpg",
        b"/A623uY2/raw;x/private/p.jpg",
        b"/A623uY2/raw%00/private/p.jpg",
        b"/A623uY2//raw/private/p.jpg",
        b"/A623uY2/raw/private/p.jpg!x=1",
        b"/A623uY2/raw!/private/p.jpg",
        b"/A623uY2/raw/pub.jpg!path=/private/p.jpg",
        b"/A623uY2/raw/pub.jpg?path=/pub.jpg&path=/private/p.jpg",
        b"/A623uY2/raw/pub.jpg?path=%2Fpub.jpg&p%61th=/private/p.jpg",
        b"/A623uY2/raw/pub.jpg?PATH=/pub.jpg&path=/private/p.jpg",
        b"http://127.0.0.1/A623uY2/raw/private/p.jpg",
        b"/A623uY2/raw/pub.jpg#/../private/p.jpg",
    ],
)
def test_no_odd_target_opens_a_private_file(world: World, target: bytes) -> None:
    answer = on_delivery(world, target, with_key=False)
    assert PRIVATE not in answer.body
    if answer.status != 200:
        assert answer.body == b"" or refusal_problems(answer) == []
    else:
        assert answer.body == bytes_of("/pub.jpg")
