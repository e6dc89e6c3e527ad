"""Makes the signed and encrypted URLs of the cases, from the published construction alone."""

from __future__ import annotations

import base64
import hmac
import re
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.conformance.access_cases import Encrypted, Fixture, Json, Signed

_RELATIVE: Final = re.compile(r"([+-][0-9]+)(ms)?")


def base64url(data: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of unpadded base64url."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def mac(secure_url_key: str, message: str) -> str:
    """HMAC-SHA-256 of host and target under a key in Base64, as it stands in `sig`."""
    return base64url(hmac.digest(base64.b64decode(secure_url_key), message.encode(), "sha256"))


def ciphertext(secure_url_key: str, iv: str, plaintext: str, aad: str) -> str:
    """AES-256-GCM of a query string, as it stands in `enc`."""
    cipher = AESGCM(base64.b64decode(secure_url_key))
    return base64url(cipher.encrypt(from_base64url(iv), plaintext.encode(), aad.encode()))


def signed_target(signed: Signed, fixture: Fixture, host: str, now: int) -> str:
    """The request target of a signed URL.

    Args:
        signed: `exp` is added first (`+3600`, `+3600ms`, `inf`; none: left out), then `sig`, made
            with the key of `key` under the id of `key_id` or `key`. `tamper` is applied last:
            `replace: [old, new]`, `append: text`, `add_to_exp: seconds`, `flip: mac`,
            `duplicate: sig`.
        fixture: where the keys are.
        host: host and port that the request goes to; `signed.host` is signed in its place.
        now: Unix seconds.
    """
    key = fixture.keys[signed.key]
    target = signed.target
    if signed.exp is not None:
        target = _with(target, f"exp={_expiry(signed.exp, now)}")
    made = mac(str(key.secure_url_key), (signed.host or host) + target)
    key_id = fixture.keys[signed.key_id or signed.key].id
    return _tampered(_with(target, f"sig=1.{key_id}.{made}"), signed.tamper)


def encrypted_target(encrypted: Encrypted, fixture: Fixture) -> str:
    """The request target of an encrypted URL, bound as `aad` says; `tamper` as for signed ones."""
    key = fixture.keys[encrypted.key]
    bound = {"host_and_path": encrypted.host + encrypted.target, "path": encrypted.target}
    text = ciphertext(
        str(key.secure_url_key), encrypted.iv, encrypted.plaintext, bound.get(encrypted.aad, "")
    )
    target = _with(encrypted.target, f"enc=1.{key.id}.{encrypted.iv}.{text}")
    return _tampered(target, encrypted.tamper)


def _with(target: str, pair: str) -> str:
    return f"{target}{'&' if '?' in target else '?'}{pair}"


def _expiry(exp: str, now: int) -> str:
    found = _RELATIVE.fullmatch(exp)
    if found is None:
        return exp
    seconds = now + int(found[1])
    return str(seconds * 1000 if found[2] else seconds)


def _tampered(target: str, tamper: Json) -> str:
    for what, value in tamper.items():
        changed = _tampered_once(target, what, value)
        if changed == target:
            raise ValueError(f"`{what}` changes nothing in `{target}`")
        target = changed
    return target


def _tampered_once(target: str, what: str, value: object) -> str:
    match what, value:
        case "replace", [str(old), str(new)]:
            return target.replace(old, new)
        case "append", str(text):
            return target + text
        case "add_to_exp", int(seconds):
            return re.sub(r"exp=([0-9]+)", lambda exp: f"exp={int(exp[1]) + seconds}", target)
        case "duplicate", "sig":
            return target + "&" + target[target.index("sig=") :]
        case "flip", "mac" | "ciphertext":
            at = target.rindex(".") + 1
            return target[:at] + ("B" if target[at] == "A" else "A") + target[at + 1 :]
        case _:
            raise ValueError(f"unknown way to tamper: `{what}`")
