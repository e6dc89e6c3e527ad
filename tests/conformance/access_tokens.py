"""Makes the JWTs of the cases: from templates, and from recipes that break one rule each."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.conformance.access_cases import Fixture, Json, JwtRecipe
from tests.conformance.access_secure_urls import base64url, from_base64url

Signers = Mapping[str, rsa.RSAPrivateKey]
BASE_HEADER: Final[Json] = {"alg": "RS256", "typ": "JWT"}
BASE_CLAIMS: Final[Json] = {
    "exp": "+3600",
    "iat": "-5",
    "sub": "u1",
    "accountId": "A623uY2",
    "access": {},
}
_TIME: Final = re.compile(r"([+-][0-9]+(?:\.[0-9]+)?)(ms)?")
_TIME_CLAIMS: Final = ("exp", "iat", "nbf")
_TEXT_MACRO: Final = re.compile(r"\{(now|nines|nested|members)[:]?([+-]?[0-9]+)\}")


def make_signers(fixture: Fixture) -> dict[str, rsa.RSAPrivateKey]:
    """A fresh RSA key for each certificate of the fixture, by name."""
    return {name: rsa.generate_private_key(65537, 2048) for name in fixture.certificates}


def certificate_pem(signer: rsa.RSAPrivateKey) -> str:
    """The public part, as a customer registers it."""
    public = signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


def template_claims(fixture: Fixture, name: str) -> Json:
    """The claims of a template and of what it is based on; times are still relative."""
    template = fixture.jwts[name]
    base = {} if template.based_on is None else template_claims(fixture, template.based_on)
    claims = {**base, **template.claims}
    return {claim: claims[claim] for claim in claims if claim not in template.omit}


def sign_template(fixture: Fixture, name: str, signers: Signers, now: int) -> str:
    """The token of a template, as of `now` (Unix seconds)."""
    template = fixture.jwts[name]
    header = json.dumps({**BASE_HEADER, "alg": template.algorithm}).encode()
    claims = json.dumps(_timed(template_claims(fixture, name), now)).encode()
    return _compact(header, claims, template.algorithm, signers[template.signed_by])


def make_token(recipe: JwtRecipe, signers: Signers, now: int) -> str:
    """The token of a recipe, as of `now` (Unix seconds).

    Header and claims are the base ones with `header` and `claims` laid over and `…Omit` taken
    away, or `…Text` in their place. In claims, `{"$repeat": [text, n]}` and `{"$list": [item, n]}`
    stand for long values (`{i}` counts in strings), and times are `+3600`, `+3600.5` or `+3600ms`.
    In texts, `{now+3600}`, `{nines:n}`, `{nested:n}` (arrays) and `{members:n}` are macros.
    `algorithm` is how the token is really signed. `totalLength` stretches it by an ignored claim.
    `mangle` changes the compact form, segments counted from 0: `prepend`, `append`, `drop`,
    `replace: [segment, text]`, `insert: [segment, text]` (in its middle), `pad`, `strayBits`,
    `flipBit`, `truncate`, `extend`.
    """
    signer = signers[recipe.signed_by]
    header, claims = _header_bytes(recipe, now), _claims_bytes(recipe, now)
    for step in recipe.mangle:
        for segment in (step.get("pad"), step.get("strayBits")):
            header = _off_boundary(header) if segment == 0 else header
            claims = _off_boundary(claims) if segment == 1 else claims
    if recipe.total_length is not None:
        return _stretched(header, claims, recipe, signer)
    token = _compact(header, claims, recipe.algorithm, signer)
    for step in recipe.mangle:
        ((operation, value),) = step.items()
        token = _mangled(token, operation, value)
    return token


def _header_bytes(recipe: JwtRecipe, now: int) -> bytes:
    prefix = bytes.fromhex(recipe.header_prefix_hex)
    if recipe.header_text is not None:
        return prefix + _expanded(recipe.header_text, now).encode()
    header = {**BASE_HEADER, "alg": recipe.algorithm, **recipe.header}
    kept = {name: header[name] for name in header if name not in recipe.header_omit}
    return prefix + json.dumps(kept, separators=(",", ":")).encode()


def _claims_bytes(recipe: JwtRecipe, now: int) -> bytes:
    if recipe.claims_text is None:
        claims = {**BASE_CLAIMS, **recipe.claims}
        kept = {name: claims[name] for name in claims if name not in recipe.claims_omit}
        text = json.dumps(_timed(_grown(kept), now), separators=(",", ":"))
    else:
        text = _expanded(recipe.claims_text, now)
    body = text.encode(recipe.claims_encoding)
    prefix, suffix = recipe.claims_prefix_hex, recipe.claims_suffix_hex
    return bytes.fromhex(prefix) + body + bytes.fromhex(suffix)


def _timed(claims: object, now: int) -> Json:
    if not isinstance(claims, dict):
        raise TypeError("claims are an object")
    times = {name: _time(claims[name], now) for name in _TIME_CLAIMS if name in claims}
    return {**claims, **times}


def _time(value: object, now: int) -> object:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    moment = now + (float(found[1]) if "." in found[1] else int(found[1]))
    return moment * 1000 if found[2] else moment


def _grown(value: object) -> object:
    match value:
        case {"$repeat": [str(text), int(count)]}:
            return text * count
        case {"$list": [item, int(count)]}:
            return [_numbered(item, number) for number in range(count)]
        case dict():
            return {name: _grown(item) for name, item in value.items()}
        case list():
            return [_grown(item) for item in value]
        case _:
            return value


def _numbered(value: object, number: int) -> object:
    if isinstance(value, str):
        return value.replace("{i}", str(number))
    if isinstance(value, dict):
        return {name: _numbered(item, number) for name, item in value.items()}
    return value


def _expanded(text: str, now: int) -> str:
    makers: dict[str, Callable[[int], str]] = {
        "now": lambda n: str(now + n),
        "nines": lambda n: "9" * n,
        "nested": lambda n: "[" * n + "]" * n,
        "members": lambda n: ",".join(f'"m{i}":0' for i in range(n)),
    }
    return _TEXT_MACRO.sub(lambda found: makers[found[1]](int(found[2])), text)


def _off_boundary(data: bytes) -> bytes:
    """White space after the JSON until its base64url has unused bits and room for padding."""
    return data + b" " * ((1 - len(data)) % 3)


def _stretched(header: bytes, claims: bytes, recipe: JwtRecipe, signer: rsa.RSAPrivateKey) -> str:
    for spaces in range(3):
        start = _compact(header + b" " * spaces, claims, recipe.algorithm, signer)
        missing = (recipe.total_length or 0) - len(start)
        for count in range(max(0, missing * 3 // 4 - 16), missing * 3 // 4 + 1):
            padded = claims[:-1] + b',"pad":"' + b"p" * count + b'"}'
            token_length = len(start) - len(base64url(claims)) + len(base64url(padded))
            if token_length == recipe.total_length:
                return _compact(header + b" " * spaces, padded, recipe.algorithm, signer)
    raise ValueError(f"no token of {recipe.total_length} bytes")


def _compact(header: bytes, claims: bytes, algorithm: str, signer: rsa.RSAPrivateKey) -> str:
    signing_input = f"{base64url(header)}.{base64url(claims)}"
    signature = _signature(algorithm, signer, signing_input.encode("ascii"))
    return f"{signing_input}.{base64url(signature)}"


def _signature(algorithm: str, signer: rsa.RSAPrivateKey, data: bytes) -> bytes:
    sha2 = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
    match algorithm[:2]:
        case "RS":
            return signer.sign(data, padding.PKCS1v15(), sha2[algorithm[2:]])
        case "PS":
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), salt_length=32)
            return signer.sign(data, pss, hashes.SHA256())
        case "HS":
            return hmac.digest(certificate_pem(signer).encode(), data, hashlib.sha256)
        case _:
            return b""


def _mangled(token: str, operation: str, value: object) -> str:
    parts = token.split(".")
    match operation, value:
        case "prepend", str(text):
            return text + token
        case "append", str(text):
            return token + text
        case "drop", int(at):
            del parts[at]
        case "replace", [int(at), str(text)]:
            parts[at] = text
        case "insert", [int(at), str(text)]:
            middle = len(parts[at]) // 2
            parts[at] = parts[at][:middle] + text + parts[at][middle:]
        case "pad", int(at):
            parts[at] += "=" * (-len(parts[at]) % 4)
        case "strayBits", int(at):
            parts[at] = _with_stray_bit(parts[at])
        case (("flipBit" | "truncate" | "extend"), int(at)):
            data = from_base64url(parts[at])
            parts[at] = base64url(_changed(data, operation))
        case _:
            raise ValueError(f"unknown way to mangle: `{operation}`")
    return ".".join(parts)


def _with_stray_bit(segment: str) -> str:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return segment[:-1] + alphabet[alphabet.index(segment[-1]) + 1]


def _changed(data: bytes, operation: str) -> bytes:
    if operation == "truncate":
        return data[:-1]
    if operation == "extend":
        return data + b"\x00"
    return bytes([data[0] ^ 1]) + data[1:]
