"""XML of stores: what is read, and that nothing in it is ever followed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byteward.storage.external.s3_xml import S3XmlError, parse_xml

LISTING = b"""<?xml version="1.0" encoding="UTF-8"?>
<s3:ListBucketResult xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/">
  <s3:Contents><s3:Key>a &amp; b&#x9;</s3:Key></s3:Contents><IsTruncated>false</IsTruncated>
  <Contents><Key>\xc3\xbc</Key></Contents>
</s3:ListBucketResult>"""


def test_elements_are_read_without_their_namespaces() -> None:
    root = parse_xml(LISTING)
    assert root.name == "ListBucketResult"
    assert root.value("IsTruncated") == "false"
    assert root.value("Missing") is None
    # A control character becomes the mark of what cannot be read.
    assert [each.value("Key") for each in root.all("Contents")] == ["a & b\ufffd", "ü"]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"not XML",
        b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1/"><a/>',
        b"<a>&e;</a>",
        b"<a>" * 17 + b"</a>" * 17,
        b"<a>\xff</a>",
    ],
)
def test_everything_else_is_one_error(document: bytes) -> None:
    with pytest.raises(S3XmlError):
        parse_xml(document)


@given(st.binary(max_size=200))
def test_no_other_error_escapes(document: bytes) -> None:
    with contextlib.suppress(S3XmlError):
        parse_xml(b"<a>" + document + b"</a>")
