"""Signatures: the examples that AWS publishes for Signature Version 4 in headers."""

from __future__ import annotations

import hashlib
from calendar import timegm

import pytest

from byteward.storage.external.sigv4 import (
    SigningKey,
    UnsignedRequest,
    encode_path,
    encode_query,
    sign,
)

KEY = SigningKey("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
HOST = "examplebucket.s3.amazonaws.com"
NOW = timegm((2013, 5, 24, 0, 0, 0))
WELCOME = b"Welcome to Amazon S3."


@pytest.mark.parametrize(
    ("request_", "signature"),
    [
        (
            UnsignedRequest("GET", HOST, "/test.txt", headers=(("range", "bytes=0-9"),)),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            UnsignedRequest(
                "PUT",
                HOST,
                encode_path("/test$file.text"),
                headers=(
                    ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                    ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ),
                sha256=hashlib.sha256(WELCOME).hexdigest(),
            ),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            UnsignedRequest("GET", HOST, "/", query=(("lifecycle", ""),)),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            UnsignedRequest("GET", HOST, "/", query=(("prefix", "J"), ("max-keys", "2"))),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_published_examples(request_: UnsignedRequest, signature: str) -> None:
    headers = dict(sign(KEY, request_, NOW))
    assert headers["x-amz-date"] == "20130524T000000Z"
    assert headers["authorization"].endswith(f",Signature={signature}")
    scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
    assert f" Credential={scope},SignedHeaders=" in headers["authorization"]


def test_every_header_that_is_given_is_signed_and_sent() -> None:
    request = UnsignedRequest("PUT", HOST, "/a", headers=(("content-md5", "x=="),))
    headers = dict(sign(KEY, request, NOW))
    assert headers["content-md5"] == "x=="
    signed = "SignedHeaders=content-md5;host;x-amz-content-sha256;x-amz-date,"
    assert signed in headers["authorization"]


def test_the_secret_does_not_show() -> None:
    assert KEY.secret_key not in repr(KEY)


def test_paths_and_queries_are_encoded_once_and_queries_sorted() -> None:
    assert encode_path("/b/ä b+%2F!~") == "/b/%C3%A4%20b%2B%252F%21~"
    assert encode_query((("b", "/ "), ("a", ""), ("a", "~"))) == "a=&a=~&b=%2F%20"
