"""R10, D4: uploads that are cut off, out of order, forged or repeated leave nothing behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from tests.conformance.access_cases import load_fixture
from tests.conformance.access_tokens import make_signers
from tests.conformance.http_world import World
from tests.conformance.untouched import Snapshot, changes, leftovers, refusal_problems
from tests.e2e.server import Answer, serving
from tests.e2e.wire import BrokenAnswerError, Wire, head

API: Final = b"/v2/accounts/A623uY2"
PART: Final = 5 * 1024 * 1024
ACCEPTED: Final[list[str]] = []  # uploads that had a right to be stored
FORM: Final = (b"Content-Type", b"multipart/form-data; boundary=edge")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    fixture = load_fixture()
    with serving(tmp_path_factory.mktemp("bad_uploads") / "data") as server:
        made = World(server, fixture, make_signers(fixture))
        made.fill_in()
        before = Snapshot.of(server)
        yield made
        assert changes(made, before, accepted=len(ACCEPTED)) == []


def key(world: World) -> tuple[bytes, bytes]:
    return b"Authorization", world.admin("A623uY2")["Authorization"].encode()


def call(world: World, method: bytes, target: bytes, body: bytes | None = None) -> Answer:
    with Wire(world.server.api) as wire:
        return wire.ask(method, target, [key(world)], body)


def details_status(world: World, path: str) -> int:
    return call(world, b"GET", API + b"/files/details?filePath=" + path.encode()).status


class Upload:
    """A multipart upload with the steps that a client takes, in whatever order."""

    def __init__(self, world: World, path: str, size: int, protocol: str = "1.1") -> None:
        self.world, self.path = world, path
        wanted = {"size": size, "path": path, "protocol": protocol}
        begun = call(world, b"POST", API + b"/uploads", json.dumps(wanted).encode())
        assert begun.status == 200, begun.body
        self.id = str(begun.json["uploadId"])
        self.first_url = str(begun.json["uploadParts"]["first"]["uploadUrl"])

    def part(self, index: object) -> Answer:
        return call(self.world, b"GET", API + f"/uploads/{self.id}/parts/{index}".encode())

    def target(self, index: int) -> bytes:
        url: str = self.part(index).json["uploadUrl"]
        return url.removeprefix(self.world.server.api).encode()

    def put(self, target: bytes, body: bytes) -> Answer:
        with Wire(self.world.server.api) as wire:
            return wire.ask(b"PUT", target, [], body)

    def complete(self, index: object, etag: str) -> Answer:
        body = json.dumps({"etag": etag}).encode()
        return call(self.world, b"PUT", API + f"/uploads/{self.id}/parts/{index}".encode(), body)


def assert_refused(answer: Answer, status: int, code: str) -> None:
    assert refusal_problems(answer) == []
    assert (answer.status, answer.code) == (status, code), answer.body


def cut(world: World, data: bytes) -> None:
    """Send what is not a whole request, then end the sending half."""
    with Wire(world.server.api) as wire:
        try:
            answer = wire.exchange(data, ends=True)
        except BrokenAnswerError:
            return
    assert refusal_problems(answer) == [] or (answer.status, answer.body) == (400, b"")


BINARY: Final = (b"POST", API + b"/uploads/binary?filePath=/bad/cut.bin", ())
AS_FORM: Final = (b"POST", API + b"/uploads/form_data?filePath=/bad/cut.bin", (FORM,))
BEGIN: Final = (b"POST", API + b"/uploads", ())
FORM_START: Final = (
    b'--edge\r\nContent-Disposition: form-data; name="a"; filename="a.bin"\r\n\r\nsome bytes'
)
Target = tuple[bytes, bytes, tuple[tuple[bytes, bytes], ...]]


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        (BINARY, b""),
        (BINARY, b"some bytes"),
        (BINARY, bytes(999_999)),
        (AS_FORM, FORM_START),
        (AS_FORM, b"--ed"),
        (BEGIN, b'{"size":1,'),
        (BEGIN, b'{"size":1,"path":"/bad/cut.bin"}'),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_a_body_shorter_than_announced_stores_nothing(
    world: World, target: Target, sent: bytes
) -> None:
    method, path, headers = target
    length = (b"Content-Length", b"1000000")
    cut(world, head(method, path, [key(world), *headers, length]) + sent)
    assert details_status(world, "/bad/cut.bin") == 404
    assert leftovers(world.server) == []


@pytest.mark.parametrize("target", [BINARY, AS_FORM, BEGIN], ids=["binary", "form", "begin"])
@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"5",
        b"5\r\n",
        b"5\r\nab",
        b"5\r\nabcde\r\n",
        b"5\r\nabcde\r\n0\r\n",
        b"5\r\nabcdeXX0\r\n\r\n",
        b"5\r\nabcde\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"-1\r\nabcde\r\n0\r\n\r\n",
        b"0x5\r\nabcde\r\n0\r\n\r\n",
        b"5_0\r\nabcde\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\nabcde\r\n0\r\n\r\n",
        b"5\nabcde\n0\n\n",
    ],
)
def test_chunks_that_are_cut_or_malformed_store_nothing(
    world: World, target: Target, sent: bytes
) -> None:
    method, path, headers = target
    coding = (b"Transfer-Encoding", b"chunked")
    cut(world, head(method, path, [key(world), *headers, coding]) + sent)
    assert details_status(world, "/bad/cut.bin") == 404
    assert leftovers(world.server) == []


FORM_BODIES: Final = {
    "empty": b"",
    "no-part": b"--edge--\r\n",
    "no-end": FORM_START + b"\r\n",
    "another-boundary": b"--other\r\n\r\nx\r\n--other--\r\n",
    "no-blank-line": b"--edge\r\nContent-Disposition: form-data; name=a\r\n--edge--\r\n",
    "no-disposition": b"--edge\r\n\r\nx\r\n--edge--\r\n",
    "attachment": b"--edge\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--edge--\r\n",
    "long-header": b"--edge\r\nX: " + b"x" * 9000 + b"\r\n\r\nx\r\n--edge--\r\n",
    "long-preamble": b"x" * 70_000 + b"\r\n--edge--\r\n",
    "no-colon": b"--edge\r\nContent-Disposition form-data\r\n\r\nx\r\n--edge--\r\n",
}


@pytest.mark.parametrize("name", FORM_BODIES)
def test_a_malformed_form_stores_nothing(world: World, name: str) -> None:
    with Wire(world.server.api) as wire:
        target = API + b"/uploads/form_data?filePath=/bad/form.bin"
        answer = wire.ask(b"POST", target, [key(world), FORM], FORM_BODIES[name])
    assert refusal_problems(answer) == []
    assert answer.status in (400, 413), answer.body
    assert details_status(world, "/bad/form.bin") == 404
    assert leftovers(world.server) == []


@pytest.mark.parametrize(
    "media_type",
    [
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=" + b"x" * 71,
        b'multipart/form-data; boundary="a\x80b"',
        b"multipart/mixed; boundary=edge",
        b"application/json",
        b"",
    ],
)
def test_a_form_needs_its_media_type_and_boundary(world: World, media_type: bytes) -> None:
    with Wire(world.server.api) as wire:
        headers = [key(world), (b"Content-Type", media_type)]
        body = FORM_START + b"\r\n--edge--\r\n"
        answer = wire.ask(b"POST", API + b"/uploads/form_data", headers, body)
    assert refusal_problems(answer) == []
    assert answer.status in (400, 415), answer.body


def test_a_form_of_too_many_parts_is_refused_whole_or_by_part(world: World) -> None:
    part = b'--edge\r\nContent-Disposition: form-data; name="a"\r\nX: y\r\n\r\n'
    with Wire(world.server.api) as wire:
        target = API + b"/uploads/form_data?folderPath=/../bad"
        answer = wire.ask(b"POST", target, [key(world), FORM], part * 101 + b"--edge--\r\n")
    assert refusal_problems(answer) == []
    assert answer.status == 400


def test_a_part_after_complete_is_refused(world: World) -> None:
    upload = Upload(world, "/bad/done.bin", 10)
    target = upload.target(0)
    etag = upload.put(target, b"0123456789").headers["etag"]
    done = upload.complete(0, etag)
    assert (done.status, done.json["status"]) == (200, "Completed")
    ACCEPTED.append(upload.id)
    assert_refused(upload.put(target, b"9876543210"), 404, "upload_not_found")
    again = upload.complete(0, etag)
    assert (again.status, again.json) == (200, done.json)
    assert_refused(upload.complete(0, '"0" '.strip()), 400, "invalid_upload_part")
    assert world.stored("A623uY2", "/bad/done.bin") == b"0123456789"
    world.remove("A623uY2", "/bad/done.bin")


def test_parts_complete_in_any_order_and_only_whole(world: World) -> None:
    upload = Upload(world, "/bad/order.bin", PART + 10)
    second, first = upload.target(1), upload.target(0)
    assert_refused(upload.complete(1, '"0123"'), 400, "invalid_upload_part")
    last = upload.put(second, b"0123456789").headers["etag"]
    assert_refused(upload.complete(0, last), 400, "invalid_upload_part")
    assert_refused(upload.complete(1, '"' + "0" * 32 + '"'), 400, "invalid_upload_part")
    pending = upload.complete(1, last)
    assert (pending.status, pending.json) == (200, {"status": "Pending"})
    assert details_status(world, "/bad/order.bin") == 404
    etag = upload.put(first, b"x" * PART).headers["etag"]
    assert details_status(world, "/bad/order.bin") == 404
    assert upload.complete(0, etag).json["status"] == "Completed"
    ACCEPTED.append(upload.id)
    assert world.stored("A623uY2", "/bad/order.bin") == b"x" * PART + b"0123456789"
    world.remove("A623uY2", "/bad/order.bin")


@pytest.fixture(scope="module")
def open_upload(world: World) -> Upload:
    return Upload(world, "/bad/open.bin", PART + 10)


@pytest.mark.parametrize("size", [0, 1, 9, 11, 100_000])
def test_a_part_of_another_length_is_refused(open_upload: Upload, size: int) -> None:
    answer = open_upload.put(open_upload.target(1), bytes(size))
    assert_refused(answer, 400, "invalid_upload_part")
    assert leftovers(open_upload.world.server) == []


def test_a_part_without_a_length_is_refused(open_upload: Upload) -> None:
    coding = [(b"Transfer-Encoding", b"chunked")]
    with Wire(open_upload.world.server.api) as wire:
        sent = head(b"PUT", open_upload.target(1), coding) + b"a\r\n0123456789\r\n0\r\n\r\n"
        assert_refused(wire.exchange(sent), 411, "length_required")


def test_a_part_that_is_cut_off_leaves_nothing(open_upload: Upload) -> None:
    length = [(b"Content-Length", str(PART).encode())]
    cut(open_upload.world, head(b"PUT", open_upload.target(0), length) + bytes(100_000))
    assert leftovers(open_upload.world.server) == []
    assert_refused(open_upload.complete(0, '"' + "0" * 32 + '"'), 400, "invalid_upload_part")


def _with_query(target: bytes, change: Callable[[dict[bytes, bytes]], object]) -> bytes:
    path, _, query = target.partition(b"?")
    pairs = dict(pair.split(b"=", 1) for pair in query.split(b"&"))
    change(pairs)
    return path + b"?" + b"&".join(name + b"=" + value for name, value in pairs.items())


FORGED: Final[dict[str, Callable[[dict[bytes, bytes]], Any]]] = {
    "no-sig": lambda pairs: pairs.pop(b"sig"),
    "empty-sig": lambda pairs: pairs.update({b"sig": b""}),
    "no-exp": lambda pairs: pairs.pop(b"exp"),
    "later": lambda pairs: pairs.update({b"exp": b"4102444800"}),
    "expired": lambda pairs: pairs.update({b"exp": b"1"}),
    "exp-text": lambda pairs: pairs.update({b"exp": b"inf"}),
    "exp-long": lambda pairs: pairs.update({b"exp": b"9" * 400}),
    "exp-sign": lambda pairs: pairs.update({b"exp": b"%2B" + pairs[b"exp"]}),
    "exp-digits": lambda pairs: pairs.update({b"exp": b"%d9%a1%d9%a2"}),
    "flipped": lambda pairs: pairs.update(
        {b"sig": (b"B" if pairs[b"sig"][:1] == b"A" else b"A") + pairs[b"sig"][1:]}
    ),
    "shorter": lambda pairs: pairs.update({b"sig": pairs[b"sig"][:-1]}),
    "longer": lambda pairs: pairs.update({b"sig": pairs[b"sig"] + b"A"}),
    "padded": lambda pairs: pairs.update({b"sig": pairs[b"sig"] + b"%3D"}),
    "not-ascii": lambda pairs: pairs.update({b"sig": b"%c3%a9" * 20}),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_part_url_is_refused(open_upload: Upload, name: str) -> None:
    target = _with_query(open_upload.target(1), FORGED[name])
    answer = open_upload.put(target, b"0123456789")
    assert_refused(answer, 403, "authorization_failed_permission_denied")


def test_a_part_url_is_for_its_part_upload_and_account_only(
    world: World, open_upload: Upload
) -> None:
    target = open_upload.target(1)
    other = Upload(world, "/bad/other.bin", PART + 10)
    for forged in (
        target.replace(b"/parts/1/", b"/parts/0/"),
        target.replace(open_upload.id.encode(), other.id.encode()),
    ):
        answer = open_upload.put(forged, b"0123456789")
        assert refusal_problems(answer) == []
        assert answer.status == 403, answer.body
    elsewhere = open_upload.put(target.replace(b"A623uY2", b"B7xk3Qz"), b"0123456789")
    unknown = open_upload.put(
        target.replace(b"A623uY2", b"B7xk3Qz").replace(open_upload.id.encode(), b"Z" * 16),
        b"0123456789",
    )
    assert refusal_problems(elsewhere) == []
    assert (elsewhere.status, elsewhere.code) == (unknown.status, unknown.code)


@pytest.mark.parametrize("index", [2, 3, 10_000, 999_999_999])
def test_a_part_that_was_not_planned_is_not_found(open_upload: Upload, index: int) -> None:
    assert_refused(open_upload.part(index), 404, "upload_part_not_found")
    assert_refused(open_upload.complete(index, '"x"'), 404, "upload_part_not_found")


@pytest.mark.parametrize(
    "index", ["-1", "x", "1.0", "0x1", "1e1", "9" * 30, "+1", "1_0", "%31", "%D9%A1", "1%00"]
)
def test_an_index_that_is_no_number_is_refused(open_upload: Upload, index: str) -> None:
    for answer in (open_upload.part(index), open_upload.complete(index, '"x"')):
        assert refusal_problems(answer) == []
        assert answer.status in (400, 404), answer.body


@pytest.mark.parametrize("method", [b"GET", b"PUT"])
def test_an_upload_of_another_account_is_as_unknown_as_one_that_never_was(
    world: World, open_upload: Upload, method: bytes
) -> None:
    theirs = (b"Authorization", world.admin("B7xk3Qz")["Authorization"].encode())
    body = b'{"etag":"x"}' if method == b"PUT" else None
    answers = []
    with Wire(world.server.api) as wire:
        for upload_id in (open_upload.id, "Z" * 16):
            target = f"/v2/accounts/B7xk3Qz/uploads/{upload_id}/parts/0".encode()
            answers.append(wire.ask(method, target, [theirs], body))
    for answer in answers:
        assert_refused(answer, 404, "upload_not_found")


QUERIES: Final = [
    (b"filePath=/a&fileName=b", "conflicting_parameters"),
    (b"filePath=/a&folderPath=/b", "conflicting_parameters"),
    (b"fileNameFallback=b", "conflicting_parameters"),
    (b"filePath=/bad/a&filePath=/bad/b", "invalid_request"),
    (b"filePath=relative", "invalid_request"),
    (b"filePath=/bad/x/", "invalid_path"),
    (b"fileName=a%2Fb", "invalid_request"),
    (b"fileName=" + b"x" * 513, "invalid_request"),
    (b"folderPath=/" + b"x" * 513, "invalid_request"),
    (b"fileName={NO_SUCH}", "invalid_path_variable"),
    (b"fileNameVariablesEnabled=yes", "invalid_request"),
    (b"folderPathVariablesEnabled=2", "invalid_request"),
    (b"originalFileName=", "invalid_request"),
    (b"originalFileName=" + b"x" * 256, "invalid_request"),
    (b"originalFileName=a%0Ab", "invalid_request"),
    (b"tag=a%20b", "invalid_request"),
    (b"tag=", "invalid_request"),
    (b"tag=" + b"x" * 256, "invalid_request"),
    (b"&".join(b"tag=t%d" % n for n in range(26)), "too_many_tags"),
    (b"%ff=1", "invalid_request"),
    (b"&".join(b"a%d=1" % n for n in range(201)), "invalid_request"),
]


@pytest.mark.parametrize(("query", "code"), QUERIES, ids=lambda value: repr(value)[:40])
def test_a_bad_query_of_an_upload_is_refused(world: World, query: bytes, code: str) -> None:
    extra = b"" if b"ath=" in query or b"fileName" in query else b"&filePath=/bad/query.bin"
    answer = call(world, b"POST", API + b"/uploads/binary?" + query + extra, b"bytes")
    assert_refused(answer, 400, code)


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        (b"Content-Type", b"text", "invalid_request"),
        (b"Content-Type", b"text/", "invalid_request"),
        (b"Content-Type", b"text/plain; charset", "invalid_request"),
        (b"Content-Type", b"text/" + b"x" * 255, "invalid_request"),
        (b"Content-Type", b"text/pl\xe9in", "invalid_request"),
        (b"X-Upload-Metadata", b"{", "invalid_metadata"),
        (b"X-Upload-Metadata", b"[]", "invalid_metadata"),
        (b"X-Upload-Metadata", b"7", "invalid_metadata"),
        (b"X-Upload-Metadata", b'{"a":NaN}', "invalid_metadata"),
        (b"X-Upload-Metadata", b'{"a":"\xff"}', "invalid_metadata"),
        (b"X-Upload-Metadata", b'{"a":"' + b"x" * 2100 + b'"}', "invalid_metadata"),
        (b"X-Upload-Metadata", b"[" * 5000, "invalid_metadata"),
    ],
)
def test_a_bad_header_of_an_upload_is_refused(
    world: World, header: bytes, value: bytes, code: str
) -> None:
    with Wire(world.server.api) as wire:
        target = API + b"/uploads/binary?filePath=/bad/header.bin"
        answer = wire.ask(b"POST", target, [key(world), (header, value)], b"bytes")
    assert_refused(answer, 400, code)


@pytest.mark.parametrize("length", [5_368_709_121, 2**63 - 1])
def test_a_file_over_the_limit_is_refused_before_it_is_sent(world: World, length: int) -> None:
    headers = [key(world), (b"Content-Length", str(length).encode())]
    with Wire(world.server.api) as wire:
        target = API + b"/uploads/binary?filePath=/bad/large.bin"
        answer = wire.exchange(head(b"POST", target, headers))
        assert_refused(answer, 413, "file_too_large")
        assert wire.is_closed_by_peer()
