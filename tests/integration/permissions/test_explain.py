"""Explanations: the same answer as the request itself, with its reason."""

from __future__ import annotations

import asyncio

import pytest

from byteward.access.actions import Action
from byteward.access.causes import Cause
from byteward.errors import BytewardError, ErrorCode
from byteward.permissions.service import Explainer, Explanation, Question
from tests.integration.configuration.stored import ACCOUNT, NOW, Stored
from tests.integration.permissions.world import (
    PUBLIC_ID,
    PUBLIC_TEXT,
    SECRET_ID,
    SECRET_TEXT,
    change,
    user_jwt,
    world,
)

APP = "https://app.example.com"
ACCESS = {
    "pathPermissions": [
        {
            "match": {"path": "/private", "scope": "Children"},
            "permissions": {"write": {"file": {"deleteFile": True}}},
        }
    ]
}


def ask(
    opened: Stored,
    path: str,
    action: Action = Action.DOWNLOAD_FILE,
    *,
    key: str | None = None,
    jwt: str | None = None,
    origin: str | None = None,
    slug: str = "raw",
) -> Explanation:
    question = Question(ACCOUNT, tuple(path[1:].split("/")), action, slug, key, jwt, origin)
    return asyncio.run(Explainer(opened.facts(), lambda: NOW).explain(question))


def test_public_file_is_explained_by_the_folder_that_makes_it_public() -> None:
    with world() as opened:
        answer = ask(opened, "/private/open/a.jpg")
        assert answer.is_allowed
        assert answer.lines[0] == (
            "allowed: read.file.downloadFile on `/private/open/a.jpg` through `raw`"
        )
        assert "folder `/private/open`, publicPermissions" in "\n".join(answer.lines)
        assert answer.remedy is None


def test_private_file_is_explained_with_what_would_open_it() -> None:
    with world() as opened:
        answer = ask(opened, "/private/a.jpg")
        assert not answer.is_allowed
        assert answer.decision is not None
        assert answer.decision.cause is Cause.NOT_PUBLIC
        assert answer.remedy is not None
        assert "`/private`" in str(answer.remedy)


@pytest.mark.parametrize("key", [SECRET_ID, SECRET_TEXT])
def test_key_may_be_given_by_id_or_text(key: str) -> None:
    with world() as opened:
        answer = ask(opened, "/private/a.jpg", key=key)
        assert answer.is_allowed
        assert answer.decision is not None
        assert answer.decision.cause is Cause.KEY_ALLOWS


@pytest.mark.parametrize("key", [PUBLIC_ID, PUBLIC_TEXT])
def test_origin_counts_as_in_a_request(key: str) -> None:
    with world() as opened:
        without = ask(opened, "/private/a.jpg", Action.CREATE_FILE, key=key)
        assert without.refusal is not None
        assert without.refusal.code is ErrorCode.ORIGIN_NOT_ALLOWED
        assert not without.is_allowed
        assert "origin_not_allowed" in without.lines[0]
        assert ask(opened, "/private/a.jpg", Action.CREATE_FILE, key=key, origin=APP).is_allowed


@pytest.mark.parametrize("key", [SECRET_ID, SECRET_TEXT, "AAAAAAAA", "nonsense"])
def test_key_that_is_not_accepted_is_the_explanation(key: str) -> None:
    with world() as opened:
        change(opened, "api_keys", enabled=False)
        answer = ask(opened, "/private/a.jpg", key=key)
        assert not answer.is_allowed
        assert answer.refusal is not None
        assert answer.refusal.status == 401


def test_bad_key_does_not_hide_a_public_file() -> None:
    with world() as opened:
        change(opened, "api_keys", enabled=False)
        assert ask(opened, "/pub.jpg", key=SECRET_ID).is_allowed


def test_jwt_beside_a_key_is_merged_and_its_checks_are_told() -> None:
    with world() as opened:
        jwt = user_jwt(access=ACCESS)
        asked = ("/private/a.jpg", Action.DELETE_FILE)
        assert not ask(opened, *asked, key=PUBLIC_ID, origin=APP).is_allowed
        answer = ask(opened, *asked, key=PUBLIC_ID, jwt=jwt, origin=APP)
        assert answer.is_allowed
        assert all(check.passed for check in answer.jwt_checks)
        assert ask(opened, *asked, jwt=jwt).is_allowed


def test_expired_jwt_names_the_check_that_failed() -> None:
    with world() as opened:
        jwt = user_jwt(exp=NOW, access=ACCESS)
        answer = ask(opened, "/private/a.jpg", Action.DELETE_FILE, jwt=jwt)
        assert not answer.is_allowed
        assert answer.refusal is not None
        assert answer.refusal.code is ErrorCode.AUTHENTICATION_FAILED_JWT_EXPIRED
        assert not answer.jwt_checks[-1].passed
        assert "failed" in answer.lines[-1]


def test_jwt_that_names_another_key_is_refused_as_in_a_request() -> None:
    with world() as opened:
        jwt = user_jwt(apiKeyId="AAAAAAAA", access=ACCESS)
        answer = ask(opened, "/private/a.jpg", Action.DELETE_FILE, key=SECRET_ID, jwt=jwt)
        assert answer.refusal is not None
        assert answer.refusal.code is ErrorCode.AUTHENTICATION_FAILED_JWT_INVALID


def test_key_that_requires_a_jwt_is_refused_without_one() -> None:
    with world() as opened:
        change(opened, "api_keys", require_jwt=True)
        answer = ask(opened, "/private/a.jpg", Action.CREATE_FILE, key=SECRET_ID)
        assert answer.refusal is not None
        assert answer.refusal.code is ErrorCode.JWT_REQUIRED


def test_unknown_account_is_an_error() -> None:
    with world() as opened:
        asking = Explainer(opened.facts(), lambda: NOW).explain(Question("B7xk3Qz", ("a",)))
        with pytest.raises(BytewardError) as caught:
            asyncio.run(asking)
    assert caught.value.code is ErrorCode.ACCOUNT_NOT_FOUND


def test_credentials_are_not_in_the_text_form_of_a_question() -> None:
    shown = repr(Question(ACCOUNT, ("a",), key=SECRET_TEXT, jwt="a.b.c"))
    assert SECRET_TEXT not in shown
    assert "a.b.c" not in shown
