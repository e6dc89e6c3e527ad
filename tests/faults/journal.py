"""Clients that write while the server may die, and remember what was answered.

The last word on each path is one of three: acknowledged (it must be there, whole), refused (it must
not have changed anything), or unknown because no answer came (either is right).
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.e2e.server import Answer, Server, request

ABSENT: Final = b""
PART: Final = 5 * 1024 * 1024
_NO_ANSWER: Final = (OSError, http.client.HTTPException)


@dataclass
class Stored:
    """What may be stored at one path, as digests of its bytes; `ABSENT` stands for no file."""

    possible: set[bytes] = field(default_factory=lambda: {ABSENT})


def digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


class Client(threading.Thread):
    """One writer on paths of its own; ends when the server stops answering."""

    def __init__(self, server: Server, number: int, seed: int, known: dict[str, Stored]) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._random = Random(f"{seed}-{number}")
        self._number = number
        self._known = known
        self.acknowledged = 0
        self.surprises: list[str] = []

    def run(self) -> None:
        work: list[Callable[[], None]] = [self._small, self._small, self._multipart, self._remove]
        while True:
            try:
                self._random.choice(work)()
            except _NO_ANSWER:
                return

    def _path(self) -> str:
        return f"/faults/c{self._number}/f{self._random.randrange(4)}.bin"

    def _write(self, path: str, after: bytes, send: Callable[[], Answer], accepted: int) -> None:
        entry = self._known.setdefault(path, Stored())
        before = set(entry.possible)
        entry.possible = before | {after}
        answer = send()
        if answer.status == accepted:
            entry.possible = {after}
            self.acknowledged += 1
        else:
            self.surprises.append(f"{path}: {answer.status} {answer.body[:200]!r}")
            entry.possible = before

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._server.secret_key}"}

    def _small(self) -> None:
        path = self._path()
        body = self._random.randbytes(self._random.choice((1, 700, 70_000)))
        url = f"{self._server.api}/v2/accounts/{self._server.account_id}/uploads/binary"
        headers = {**self._headers(), "Content-Type": "application/octet-stream"}
        self._write(
            path,
            digest(body),
            lambda: request("POST", f"{url}?filePath={path}", headers=headers, body=body),
            200,
        )

    def _remove(self) -> None:
        path = self._path()
        url = f"{self._server.api}/v2/accounts/{self._server.account_id}/files?filePath={path}"
        self._write(path, ABSENT, lambda: request("DELETE", url, headers=self._headers()), 204)

    def _multipart(self) -> None:
        path = self._path()
        body = os.urandom(PART + 1000)
        self._write(path, digest(body), lambda: self._send_parts(path, body), 200)

    def _send_parts(self, path: str, body: bytes) -> Answer:
        base = f"{self._server.api}/v2/accounts/{self._server.account_id}/uploads"
        begun = self._json("POST", base, {"size": len(body), "protocol": "1.1", "path": path})
        if begun.status != 200:
            return begun
        parts = f"{base}/{begun.json['uploadId']}/parts"
        answer = begun
        for index in range(begun.json["uploadParts"]["count"]):
            part = request("GET", f"{parts}/{index}", headers=self._headers()).json
            span = part["range"]
            piece = body[span["inclusiveStart"] : span["inclusiveEnd"] + 1]
            put = request("PUT", part["uploadUrl"], body=piece)
            if put.status != 200:
                return put
            answer = self._json("PUT", f"{parts}/{index}", {"etag": put.headers["etag"]})
        return answer

    def _json(self, method: str, url: str, value: dict[str, Any]) -> Answer:

        headers = {**self._headers(), "Content-Type": "application/json"}
        return request(method, url, headers=headers, body=json.dumps(value).encode())


def stored_digest(server: Server, path: str) -> bytes:
    """What a reader gets at the path now."""
    url = f"{server.cdn}/{server.account_id}/raw{path}?cache=false"
    answer = request("GET", url, headers={"Authorization": f"Bearer {server.secret_key}"})
    if answer.status == 404:
        return ABSENT
    if answer.status != 200:
        message = f"{path}: {answer.status} {answer.body[:200]!r}"
        raise AssertionError(message)
    return digest(answer.body)
