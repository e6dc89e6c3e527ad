"""A web server for tests that answers exactly the bytes it is told to, over plain TCP or TLS."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

Handler = Callable[[socket.socket], None]
"""Answers one request whose head was read; the connection is closed after it."""

_HEAD_END: Final = b"\r\n\r\n"
_SECONDS: Final = 10.0


@dataclass
class Origin:
    """A running server.

    Attributes:
        port: on the address that it listens on.
        scheme: `http` or `https`.
        handlers: by target, as it stands in the request line; bytes are sent as they are.
        requests: heads of all requests so far.
        connections: connections so far, whether or not a request came.
        greeting: sent to each connection before anything is read.
        hung_up: set when a client closed a connection that `wait_for_hang_up` held.
    """

    port: int
    scheme: str
    handlers: dict[str, bytes | Handler] = field(default_factory=dict)
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    greeting: bytes = b""
    hung_up: threading.Event = field(default_factory=threading.Event)

    def url(self, target: str = "/", host: str = "origin.test") -> str:
        """A URL of this server under a name."""
        return f"{self.scheme}://{host}:{self.port}{target}"

    def wait_for_hang_up(self, connection: socket.socket) -> None:
        """A handler's way to go silent until the client is gone."""
        with contextlib.suppress(OSError):
            while connection.recv(4096):
                pass
        self.hung_up.set()

    def header(self, name: str, request: int = -1) -> str | None:
        """A header of a request."""
        for line in self.requests[request].decode("latin-1").split("\r\n")[1:]:
            key, _, value = line.partition(": ")
            if key.lower() == name:
                return value
        return None


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """A whole answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("utf-8") + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    """A redirect."""
    return answer(b"elsewhere", f"Location: {location}", status=status)


@contextmanager
def running_origin(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Origin]:
    """Serve until the end of the block."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:
        origin = Origin(listener.getsockname()[1], "http" if tls is None else "https")
        thread = threading.Thread(target=_serve, args=(listener, origin, tls), daemon=True)
        thread.start()
        try:
            yield origin
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(_SECONDS)


def _serve(listener: socket.socket, origin: Origin, tls: ssl.SSLContext | None) -> None:
    threads = []
    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            origin.connections += 1
            connection.settimeout(_SECONDS)
            thread = threading.Thread(target=_answer, args=(connection, origin, tls), daemon=True)
            thread.start()
            threads.append(thread)
    for thread in threads:
        thread.join(_SECONDS)


def _answer(connection: socket.socket, origin: Origin, tls: ssl.SSLContext | None) -> None:
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        stack.enter_context(connection)
        if tls is not None:
            connection = stack.enter_context(tls.wrap_socket(connection, server_side=True))
        connection.sendall(origin.greeting)
        head = b""
        while _HEAD_END not in head:
            data = connection.recv(65536)
            if not data:
                return
            head += data
        origin.requests.append(head)
        target = head.split(b" ", 2)[1].decode("latin-1")
        reply = origin.handlers.get(target, answer(b"no such page", status="404 Not Found"))
        if callable(reply):
            reply(connection)
        else:
            connection.sendall(reply)
        if tls is None:
            connection.shutdown(socket.SHUT_WR)


@lru_cache(maxsize=1)
def _authority() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority for tests")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.BasicConstraints(ca=True, path_length=0)
    builder = _builder(name, name, key.public_key())
    builder = builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)
    return builder.sign(key, hashes.SHA256()), key


def server_tls(*names: str) -> ssl.SSLContext:
    """A context with a certificate of the test authority for names and addresses."""
    authority, authority_key = _authority()
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    builder = _builder(authority.subject, subject, key.public_key())
    builder = builder.add_extension(alternatives, critical=False)
    certificate = builder.sign(authority_key, hashes.SHA256())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(path)
    return context


def client_tls() -> ssl.SSLContext:
    """A context that trusts the test authority and nobody else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=_authority()[0].public_bytes(Encoding.PEM).decode())
    return context


def _builder(
    issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
