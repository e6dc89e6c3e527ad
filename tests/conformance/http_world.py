"""The fixture of the permission cases on a real server, and cases played against it over HTTP."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from tests.conformance.access_cases import (
    Action,
    Case,
    Expectation,
    Fixture,
    GivenUpload,
    HeaderCheck,
    Request,
    fill,
)
from tests.conformance.access_secure_urls import encrypted_target, signed_target
from tests.conformance.access_tokens import Signers, certificate_pem, sign_template
from tests.e2e.server import Answer, Server, request

ADMINS: Final = {"A623uY2": "SK", "B7xk3Qz": "SKB"}
_VARYING: Final = frozenset({"date", "x-request-id"})


def account_document(fixture: Fixture, signers: Signers) -> dict[str, Any]:
    """The fixture as an account document."""
    accounts = []
    for account in fixture.accounts:
        keys = [(n, k) for n, k in fixture.keys.items() if k.account_id == account.account_id]
        accounts.append(
            {
                "accountId": account.account_id,
                "apiKeys": [
                    {
                        "id": key.id,
                        "name": name,
                        "kind": key.kind,
                        "key": key.text,
                        "enabled": key.enabled,
                        "requireJwt": key.require_jwt,
                        "allowedOrigins": key.allowed_origins,
                        "pathPermissions": key.path_permissions,
                        "tagPermissions": key.tag_permissions,
                        **({"secureUrlKey": key.secure_url_key} if key.secure_url_key else {}),
                    }
                    for name, key in keys
                ],
                "jwtCertificates": [
                    {"id": each.id, "name": name, "pem": certificate_pem(signers[name])}
                    for name, each in fixture.certificates.items()
                    if each.account_id == account.account_id
                ],
                "folders": [
                    {
                        "folderPath": folder.folder_path,
                        "description": folder.description,
                        "publicPermissions": folder.public_permissions,
                    }
                    for folder in account.folders
                ],
                "presets": [
                    {
                        "name": each.name,
                        "transformation": each.transformation,
                        "params": each.params,
                    }
                    for each in account.presets
                ],
            }
        )
    return {"accounts": accounts}


# A picture of two by two pixels, without the SOI marker it begins with.
_PICTURE: Final = base64.b64decode(
    "/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBtUVdfYmdoZz5NcXlwZHhc"
    "ZWdj/9sAQwEREhIYFRgvGhovY0I4QmNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj"
    "Y2NjY2Nj/8AAEQgAAgACAwEiAAIRAQMRAf/EABUAAQEAAAAAAAAAAAAAAAAAAAAD/8QAFBABAAAAAAAAAAAAAAAA"
    "AAAAAP/EABQBAQAAAAAAAAAAAAAAAAAAAAX/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCgAYs/"
    "/9k="
)


def bytes_of(path: str) -> bytes:
    """What the fixture's file at the path holds: a picture, whose comment names the path."""
    comment = f"the bytes of {path}".encode()
    return b"\xff\xd8\xff\xfe" + (len(comment) + 2).to_bytes(2) + comment + _PICTURE


@dataclass
class World:
    """A server that holds the fixture."""

    server: Server
    fixture: Fixture
    signers: Signers
    upload_id: str = ""
    files: dict[str, set[str]] = field(default_factory=dict)

    def fill_in(self) -> None:
        """Apply the fixture's document and upload its files."""
        self.server.apply(account_document(self.fixture, self.signers))
        for account in self.fixture.accounts:
            self.files[account.account_id] = set(account.files)
            for path in account.files:
                self.put(account.account_id, path, bytes_of(path))

    def admin(self, account_id: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.fixture.keys[ADMINS[account_id]].text}"}

    def put(self, account_id: str, path: str, body: bytes) -> None:
        """Store a file with the account's full key."""
        answer = request(
            "POST",
            f"{self.server.api}/v2/accounts/{account_id}/uploads/binary?filePath={quote(path)}",
            headers={**self.admin(account_id), "Content-Type": "application/octet-stream"},
            body=body,
        )
        assert answer.status == 200, answer.body

    def remove(self, account_id: str, path: str) -> None:
        """Delete a file with the account's full key."""
        url = f"{self.server.api}/v2/accounts/{account_id}/files?filePath={quote(path)}"
        answer = request("DELETE", url, headers=self.admin(account_id))
        assert answer.status == 204, answer.body

    def stored(self, account_id: str, path: str) -> bytes | None:
        """What the account's full key reads at the path; None when there is no file."""
        url = f"{self.server.cdn}/{account_id}/raw{quote(path)}"
        answer = request("GET", url, headers=self.admin(account_id))
        return answer.body if answer.status == 200 else None

    def prepare(self, case: Case) -> None:
        for path in case.absent:
            self.remove("A623uY2", path)
        if case.given is not None and case.given.upload is not None:
            self.upload_id = self._begin(case.given.upload)

    def restore(self, case: Case) -> None:
        """Undo what the case may have changed."""
        expectations = [case.expect, *(step.expect for step in case.then if step.expect)]
        paths = set(case.absent)
        for expect in expectations:
            paths |= {*expect.stored, *expect.nothing_stored, *expect.unchanged, *expect.deleted}
        for path in paths:
            if path in self.files["A623uY2"]:
                self.put("A623uY2", path, bytes_of(path))
            else:
                self.remove("A623uY2", path)
        puts_folder = case.request.method == "PUT" and "/folders" in (case.request.target or "")
        if puts_folder or any(step.action for step in case.then):
            self.server.apply(account_document(self.fixture, self.signers))

    def act(self, action: Action) -> None:
        """Disable what the action names, as an operator would."""
        document: dict[str, Any] = {"accountId": "A623uY2"}
        if action.disable_key is not None:
            key = self.fixture.keys[action.disable_key]
            document["apiKeys"] = [{"id": key.id, "enabled": False}]
        if action.disable_certificate is not None:
            certificate = self.fixture.certificates[action.disable_certificate]
            document["jwtCertificates"] = [{"id": certificate.id, "enabled": False}]
        self.server.apply({"accounts": [document]})

    def send(self, asked: Request) -> Answer:
        """Play one request of a case."""
        base = self.server.api if asked.plane == "api" else self.server.cdn
        headers = {name: self.filled(value) for name, value in asked.headers.items()}
        if asked.cookies:
            pairs = (f"{self.filled(n)}={self.filled(v)}" for n, v in asked.cookies.items())
            headers["Cookie"] = "; ".join(pairs)
        host = asked.host or (asked.encrypt.host if asked.encrypt else None)
        if host is not None:
            headers["Host"] = host
        body = None if asked.body is None else asked.body.encode()
        if asked.json is not None:
            body = self.filled(json.dumps(asked.json)).encode()
            headers.setdefault("Content-Type", "application/json")
        return request(asked.method, base + self._target(asked, base), headers=headers, body=body)

    def filled(self, text: str) -> str:
        return fill(text, self._value)

    def _target(self, asked: Request, base: str) -> str:
        if asked.sign is not None:
            host = base.partition("://")[2]
            return signed_target(asked.sign, self.fixture, host, int(time.time()))
        if asked.encrypt is not None:
            return encrypted_target(asked.encrypt, self.fixture)
        return self.filled(asked.target or "")

    def _value(self, kind: str, argument: str) -> str:
        match kind:
            case "key":
                return self.fixture.keys[argument].text
            case "jwt":
                return sign_template(self.fixture, argument, self.signers, int(time.time()))
            case "basic":
                user, _, key = argument.partition(":")
                return base64.b64encode(f"{user}:{self.fixture.keys[key].text}".encode()).decode()
            case "etag":
                url = f"{self.server.cdn}/A623uY2/raw{quote(argument)}"
                return request("GET", url, headers=self.admin("A623uY2")).headers["etag"]
            case "upload":
                return self.upload_id
            case "now":
                return str(int(time.time()) + int(argument or "0"))
            case _:
                raise ValueError(kind)

    def _begin(self, upload: GivenUpload) -> str:
        answer = request(
            "POST",
            f"{self.server.api}/v2/accounts/A623uY2/uploads",
            headers={
                "Authorization": f"Bearer {self.fixture.keys[upload.key].text}",
                "Content-Type": "application/json",
            },
            body=json.dumps({"size": upload.size, "path": upload.file_path}).encode(),
        )
        assert answer.status == 200, answer.body
        return str(answer.json["uploadId"])


def problems(world: World, asked: Request, answer: Answer, expect: Expectation) -> Iterator[str]:
    """Everything in which the answer is not as expected."""
    if answer.status != expect.status:
        yield f"status {answer.status}, not {expect.status}: {answer.body[:300]!r}"
        return
    if answer.status >= 400:
        yield from _envelope_problems(asked, answer, expect)
    if expect.body_of is not None and answer.body != bytes_of(expect.body_of):
        yield f"another body: {answer.body[:100]!r}"
    for check in expect.headers:
        yield from _header_problems(world, answer, check)
    yield from _json_problems(world, answer, expect)
    yield from _storage_problems(world, asked, expect)


def _storage_problems(world: World, asked: Request, expect: Expectation) -> Iterator[str]:
    sent = b"" if asked.body is None else asked.body.encode()
    for path in expect.stored:
        if world.stored("A623uY2", path) != sent:
            yield f"{path} is not stored"
    for path in [*expect.nothing_stored, *expect.deleted]:
        if world.stored("A623uY2", path) is not None:
            yield f"{path} is stored"
    for path in expect.unchanged:
        if world.stored("A623uY2", path) != bytes_of(path):
            yield f"{path} has changed"


def _envelope_problems(asked: Request, answer: Answer, expect: Expectation) -> Iterator[str]:
    if asked.method != "HEAD":
        error = answer.json["error"]
        if expect.code is not None and error["code"] != expect.code:
            yield f"code {error['code']}, not {expect.code}"
        for name, value in (expect.details or {}).items():
            if error.get("details", {}).get(name) != value:
                yield f"details {error.get('details')}, without {name}: {value}"
    if answer.status in (401, 403) and answer.headers.get("cache-control") != "no-store":
        yield "a refusal without no-store"
    if "Origin" in asked.headers and "access-control-allow-origin" not in answer.headers:
        yield "an error without CORS headers"


def _header_problems(world: World, answer: Answer, check: HeaderCheck) -> Iterator[str]:
    value = answer.headers.get(check.header.lower())
    if check.absent:
        if value is not None:
            yield f"{check.header} is {value}, not absent"
        return
    if value is None:
        yield f"{check.header} is absent"
        return
    if check.equals is not None and value != world.filled(check.equals):
        yield f"{check.header} is {value}, not {check.equals}"
    if check.starts_with is not None and not value.startswith(world.filled(check.starts_with)):
        yield f"{check.header} is {value}, not {check.starts_with}…"
    for text in [*check.contains, *check.over_http]:
        if world.filled(text).lower() not in value.lower():
            yield f"{check.header} is {value}, without {text}"


def _json_problems(world: World, answer: Answer, expect: Expectation) -> Iterator[str]:
    if not (expect.json_has or expect.json_lacks or expect.json_equals or expect.json_positive):
        return
    body = answer.json
    for name in expect.json_has:
        if _member(body, name) is None:
            yield f"no member {name} in {body}"
    for name in expect.json_lacks:
        if _member(body, name) is not None:
            yield f"member {name} in {body}"
    for name, value in expect.json_equals.items():
        wanted = world.filled(value) if isinstance(value, str) else value
        found = _member(body, name)
        # Tokens differ from second to second in their times; what was sent is what comes back.
        if found != wanted and not (isinstance(value, str) and "{jwt:" in value):
            yield f"member {name} is {found}, not {wanted}"
    for name in expect.json_positive:
        if not _member(body, name) > 0:
            yield f"member {name} is not above zero in {body}"


def _member(body: Any, dotted: str) -> Any:  # noqa: ANN401 - JSON
    for name in dotted.split("."):
        if not isinstance(body, Mapping) or name not in body:
            return None
        body = body[name]
    return body


def alike(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """What of a refusal must not depend on what exists."""
    body = answer.json
    body["error"].pop("timestamp", None)
    headers = {name: value for name, value in answer.headers.items() if name not in _VARYING}
    return answer.status, headers, json.dumps(body).encode()
