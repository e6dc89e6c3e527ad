"""What the published vectors and cases do not say of opening a delivery URL."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from byteward.access.model import PrincipalKind
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.encrypted_url import encrypt_url
from byteward.identity.secure_url import OpenedUrl, SecureUrls
from byteward.identity.signed_url import append_parameter, sign, sign_url
from byteward.identity.url_target import UrlTarget
from tests.unit.identity.memory_facts import (
    ACCOUNT,
    NOW,
    OTHER_ACCOUNT,
    SECURE_URL_KEY,
    MemoryFacts,
    api_key,
    memory_facts,
)

KEY = api_key("F91kfA1g", require_jwt=True, allowed_origins=("https://app.example.com",))
ENDING = api_key("PKend111", expires_at=NOW + 60)
BASE = "https://cdn.example/A623uY2/raw/private/p.jpg"


def signed(exp: str = "inf", key_id: str = "F91kfA1g", base: str = BASE) -> str:
    url = sign_url(base, key_id=key_id, key=SECURE_URL_KEY, exp=exp)
    return url.removeprefix("https://cdn.example")


def encrypted(query: str, exp: str = "inf") -> str:
    url = encrypt_url(f"{BASE}?{query}", key_id="F91kfA1g", key=SECURE_URL_KEY, exp=exp)
    return url.removeprefix("https://cdn.example")


def open_(
    target: str,
    *,
    facts: MemoryFacts | None = None,
    host: str = "cdn.example",
    account_id: str = ACCOUNT,
    public_hosts: tuple[str, ...] = (),
    max_ttl_seconds: int | None = None,
) -> OpenedUrl:
    urls = SecureUrls(
        facts or memory_facts(KEY, ENDING),
        lambda: NOW,
        public_hosts=public_hosts,
        max_ttl_seconds=max_ttl_seconds,
    )
    return asyncio.run(urls.open(account_id, UrlTarget.parse(target.encode()), host, "192.0.2.1"))


def refusal(target: str, **options: object) -> ErrorCode:
    with pytest.raises(BytewardError) as refused:
        open_(target, **options)  # type: ignore[arg-type]  # options of `open_`
    return refused.value.code


def test_an_ordinary_url_is_left_alone() -> None:
    for target in ("/A623uY2/raw/a.jpg", "/A623uY2/image/a.jpg?w=1&%zz=2&meta-a=b"):
        opened = open_(target)
        assert opened.target.raw == target.encode()
        assert (opened.caller, opened.expiry) == (None, None)


def test_a_signed_url_has_the_authority_of_its_key() -> None:
    caller = open_(signed(str(NOW + 60))).caller
    assert caller is not None
    assert caller.principal.kind is PrincipalKind.SECURE_URL
    assert (caller.principal.key, caller.principal.token) == (KEY.access, None)
    assert (caller.key, caller.client_ip) == (KEY, "192.0.2.1")
    assert caller.principal.expires_at == NOW + 60
    assert not caller.principal.has_secret_authority


def test_the_principal_ends_with_the_url_or_with_the_key() -> None:
    endless = open_(signed()).caller
    ending = open_(signed(key_id="PKend111")).caller
    assert endless is not None
    assert endless.principal.expires_at is None
    assert ending is not None
    assert ending.principal.expires_at == NOW + 60


def test_the_configured_host_counts_beside_the_one_that_was_sent() -> None:
    assert open_(signed(), host="CDN.example").caller is not None
    assert open_(signed(), host="10.0.0.1:8081", public_hosts=("cdn.example",)).caller is not None
    assert refusal(signed(), host="10.0.0.1:8081") is ErrorCode.URL_SIGNATURE_INVALID


def test_unusable_and_foreign_keys_are_one_answer() -> None:
    for facts in (
        memory_facts(),
        memory_facts(replace(KEY, enabled=False)),
        memory_facts(replace(KEY, expires_at=NOW)),
        memory_facts(replace(KEY, account_id=OTHER_ACCOUNT)),
        memory_facts(replace(KEY, secure_url_key=bytes(range(1, 33)))),
    ):
        assert refusal(signed(), facts=facts) is ErrorCode.URL_SIGNATURE_INVALID
        assert refusal(encrypted("w=1"), facts=facts) is ErrorCode.URL_SIGNATURE_INVALID


@pytest.mark.parametrize("name", ["sig", "%73ig", "s%69g"])
def test_anything_that_reads_as_sig_must_be_one(name: str) -> None:
    value = signed().rpartition("sig=")[2]
    target = f"/A623uY2/raw/private/p.jpg?exp=inf&{name}={value}"
    if name == "sig":
        assert open_(target).caller is not None
    else:
        assert refusal(target) is ErrorCode.URL_SIGNATURE_INVALID


def test_sig_and_exp_stand_once() -> None:
    unsigned = "cdn.example/A623uY2/raw/private/p.jpg?exp=inf&exp=inf"
    sig = sign(unsigned, key_id="F91kfA1g", key=SECURE_URL_KEY)
    twice = append_parameter(unsigned.removeprefix("cdn.example"), f"sig={sig}")
    assert refusal(twice) is ErrorCode.URL_SIGNATURE_INVALID
    assert refusal(f"{signed()}&sig=x") is ErrorCode.URL_SIGNATURE_INVALID
    assert refusal("/A623uY2/raw/a.jpg?sig=x") is ErrorCode.URL_SIGNATURE_INVALID


def test_exp_alone_is_enforced() -> None:
    opened = open_(f"/A623uY2/raw/a.jpg?exp={NOW + 1}")
    assert opened.caller is None
    assert opened.expiry is not None
    assert opened.expiry.expires_at == NOW + 1
    assert refusal(f"/A623uY2/raw/a.jpg?exp={NOW}") is ErrorCode.URL_EXPIRED
    assert refusal("/A623uY2/raw/a.jpg?exp=soon") is ErrorCode.INVALID_PARAMETER
    assert refusal("/A623uY2/raw/a.jpg?exp=1&exp=2") is ErrorCode.INVALID_PARAMETER


def test_the_cap_on_lifetimes_is_for_secure_urls() -> None:
    assert open_("/A623uY2/raw/a.jpg?exp=inf", max_ttl_seconds=60).caller is None
    assert open_(signed(str(NOW + 60)), max_ttl_seconds=60).caller is not None
    assert refusal(signed(str(NOW + 61)), max_ttl_seconds=60) is ErrorCode.EXP_TOO_FAR
    assert refusal(signed(), max_ttl_seconds=60) is ErrorCode.EXP_TOO_FAR
    assert refusal(encrypted("w=1"), max_ttl_seconds=60) is ErrorCode.EXP_TOO_FAR
    # Somebody who holds no key learns nothing of the cap.
    assert refusal(signed()[:-1] + "B", max_ttl_seconds=60) is ErrorCode.URL_SIGNATURE_INVALID


def test_an_encrypted_url_shows_what_is_inside() -> None:
    opened = open_(encrypted("w=1&path=/private/q.jpg", str(NOW + 9)))
    assert opened.target.raw == (
        f"/A623uY2/raw/private/p.jpg?w=1&path=/private/q.jpg&exp={NOW + 9}".encode()
    )
    assert opened.caller is not None
    assert opened.caller.principal.expires_at == NOW + 9


def test_nothing_may_stand_beside_enc() -> None:
    target = encrypted("w=1")
    for extra in ("w=1", "meta-a=b", "exp=inf", "sig=x", "%zz"):
        assert refusal(f"{target}&{extra}") is ErrorCode.INVALID_PARAMETER
    assert open_(f"{target}&").caller is not None
    assert refusal(f"{target}&{target.rpartition('?')[2]}") is ErrorCode.URL_SIGNATURE_INVALID
    assert refusal("/A623uY2/raw/a.jpg?enc=x") is ErrorCode.URL_SIGNATURE_INVALID


def test_the_inside_must_be_in_order_too() -> None:
    assert refusal(encrypted("w=1", str(NOW))) is ErrorCode.URL_EXPIRED
    assert refusal(encrypted("w=1", "soon")) is ErrorCode.INVALID_PARAMETER
    assert refusal(encrypted("exp=inf")) is ErrorCode.URL_SIGNATURE_INVALID
    assert refusal(encrypted("sig=x")) is ErrorCode.URL_SIGNATURE_INVALID
    assert refusal(encrypted("enc=x")) is ErrorCode.URL_SIGNATURE_INVALID
