"""Clients that write while the server may die, and remember what was answered.

The last word on each path is one of three: acknowledged (it must be there, whole), refused (it must
not have changed anything), or unknown because no answer came (either is right). Every word is on
disk before the next request is sent, so that it survives the tests too.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.e2e.server import Answer, Server, request
from tests.origin import Origin
from tests.origin import answer as answer_of_origin

ABSENT: Final = b""
FOLDER: Final = b"folder"
PART: Final = 5 * 1024 * 1024
_NO_ANSWER: Final = (OSError, http.client.HTTPException)


@dataclass
class Stored:
    """What may be stored at one path, as digests of its bytes; `ABSENT` stands for no file."""

    possible: set[bytes] = field(default_factory=lambda: {ABSENT})


@dataclass
class Journal:
    """What may be stored at every path, and the log of how that became so."""

    log: Path
    known: dict[str, Stored] = field(default_factory=dict)
    acknowledged: int = 0
    surprises: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, path: str, after: bytes, send: Callable[[], Answer], accepted: int) -> None:
        """Send a request that leaves `after` at the path, and note what came of it.

        Raises:
            OSError, HTTPException: no answer came.
        """
        with self._lock:
            entry = self.known.setdefault(path, Stored())
        before = set(entry.possible)
        entry.possible = before | {after}
        answer = send()
        if answer.status == accepted:
            entry.possible = {after}
        else:
            entry.possible = before
        self._note(path, after, answer, accepted)

    def _note(self, path: str, after: bytes, answer: Answer, accepted: int) -> None:
        with self._lock, self.log.open("a") as log:
            if answer.status == accepted:
                self.acknowledged += 1
            else:
                self.surprises.append(f"{path}: {answer.status} {answer.body[:200]!r}")
            log.write(f"{path} {after.hex()} {answer.status}\n")
            log.flush()
            os.fdatasync(log.fileno())


def digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


class Client(threading.Thread):
    """One writer on paths of its own; ends when told, or when a request gets no answer.

    Between two requests nothing is known of the order of those on other paths, so a client waits
    for each answer before it sends the next request.
    """

    def __init__(
        self,
        server: Server,
        number: int,
        seed: int,
        journal: Journal,
        *,
        ends_with_server: bool = True,
        origin: Origin | None = None,
    ) -> None:
        super().__init__(daemon=True)
        self._origin = origin
        self._ends_with_server = ends_with_server
        self._server = server
        self._random = Random(f"{seed}-{number}")
        self._number = number
        self._journal = journal
        self._account = f"{server.api}/v2/accounts/{server.account_id}"
        self._is_over = threading.Event()

    def stop(self) -> None:
        """Let the request that is running be the last one."""
        self._is_over.set()
        self.join(60)
        assert not self.is_alive()

    def run(self) -> None:
        work = [self._small] * 4 + [self._form] * 2 + [self._remove] * 3
        work += [self._multipart, self._one_part, self._folder]
        if self._origin is not None:
            work.append(self._from_url)
        while not self._is_over.is_set():
            try:
                self._random.choice(work)()
            except _NO_ANSWER:
                if self._ends_with_server:
                    return

    def _path(self) -> str:
        return f"/faults/c{self._number}/f{self._random.randrange(4)}.bin"

    def _bytes(self) -> bytes:
        return self._random.randbytes(self._random.choice((1, 700, 70_000)))

    def _headers(self, media_type: str = "application/octet-stream") -> dict[str, str]:
        key = f"Bearer {self._server.secret_key}"
        return {"Authorization": key, "Content-Type": media_type}

    def _small(self) -> None:
        path, body = self._path(), self._bytes()
        url = f"{self._account}/uploads/binary?filePath={path}"
        self._journal.write(
            path,
            digest(body),
            lambda: request("POST", url, headers=self._headers(), body=body),
            200,
        )

    def _form(self) -> None:
        path, body = self._path(), self._bytes()
        url = f"{self._account}/uploads/form_data?filePath={path}"
        headers = self._headers("multipart/form-data; boundary=edge-of-a-part")
        form = (
            b'--edge-of-a-part\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
            + body
            + b"\r\n--edge-of-a-part--\r\n"
        )
        self._journal.write(
            path, digest(body), lambda: request("POST", url, headers=headers, body=form), 200
        )

    def _from_url(self) -> None:
        path, body = self._path(), self._bytes()
        if self._origin is None:
            return
        target = f"/{self._random.getrandbits(64):x}"
        self._origin.handlers[target] = answer_of_origin(body)
        asked = {"url": f"http://127.0.0.1:{self._origin.port}{target}", "path": path}
        url = f"{self._account}/uploads/url"
        self._journal.write(path, digest(body), lambda: self._json("POST", url, asked), 200)

    def _remove(self) -> None:
        path = self._path()
        url = f"{self._account}/files?filePath={path}"
        self._journal.write(
            path, ABSENT, lambda: request("DELETE", url, headers=self._headers()), 204
        )

    def _folder(self) -> None:
        path = f"/faults/c{self._number}/folder{self._random.randrange(1000)}"
        self._journal.write(
            path,
            FOLDER,
            lambda: self._json("PUT", f"{self._account}/folders", {"folderPath": path}),
            200,
        )

    def _multipart(self) -> None:
        self._send_parts(self._path(), os.urandom(PART + 1000))

    def _one_part(self) -> None:
        self._send_parts(self._path(), self._bytes())

    def _send_parts(self, path: str, body: bytes) -> None:
        """Every step but the last changes nothing that is visible, so only the last one counts."""
        base = f"{self._account}/uploads"
        begun = self._json("POST", base, {"size": len(body), "protocol": "1.1", "path": path})
        parts = f"{base}/{begun.json['uploadId']}/parts"
        etags = []
        for index in range(begun.json["uploadParts"]["count"]):
            part = request("GET", f"{parts}/{index}", headers=self._headers()).json
            span = part["range"]
            piece = body[span["inclusiveStart"] : span["inclusiveEnd"] + 1]
            etags.append(request("PUT", part["uploadUrl"], body=piece).headers["etag"])
        for index, etag in enumerate(etags[:-1]):
            assert self._json("PUT", f"{parts}/{index}", {"etag": etag}).status == 200
        last = {"etag": etags[-1]}
        self._journal.write(
            path,
            digest(body),
            lambda: self._json("PUT", f"{parts}/{len(etags) - 1}", last),
            200,
        )

    def _json(self, method: str, url: str, value: dict[str, Any]) -> Answer:
        body = json.dumps(value).encode()
        return request(method, url, headers=self._headers("application/json"), body=body)


def found_at(server: Server, path: str) -> bytes:
    """What a reader gets at the path now; of a folder, whether it is there."""
    headers = {"Authorization": f"Bearer {server.secret_key}"}
    if path.rpartition("/")[2].startswith("folder"):
        url = f"{server.api}/v2/accounts/{server.account_id}/folders?folderPath={path}"
        return FOLDER if request("GET", url, headers=headers).json["virtual"] else ABSENT
    answer = request("GET", f"{server.cdn}/{server.account_id}/raw{path}", headers=headers)
    if answer.status == 404:
        return ABSENT
    if answer.status != 200:
        message = f"{path}: {answer.status} {answer.body[:200]!r}"
        raise AssertionError(message)
    return digest(answer.body)
