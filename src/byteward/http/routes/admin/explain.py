"""Why a request is allowed or not, who can read a file, and what a change would change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from byteward.access.actions import Action
from byteward.access.causes import RuleSource
from byteward.access.decision import Decision, Rule
from byteward.access.explain import SmallestGrant
from byteward.access.policy import PolicyError, parse_public_permissions
from byteward.access.roles import Role
from byteward.errors import BytewardError, ErrorCode
from byteward.http.routes.admin.caller import administrator
from byteward.http.routes.parsing import body_as, services_of
from byteward.http.routes.routing import handles
from byteward.http.schemas.admin import explain as schemas
from byteward.http.services import ApiRequest
from byteward.identity.jwt import JwtCheckResult
from byteward.openapi.operation import Access, Operation, Tag
from byteward.paths import parse_segments
from byteward.permissions.service import Explanation, Question

_BASE: Final = "/v2/admin/accounts/{accountId}"
_RULE: Final = schemas.RuleItem(
    "public_permissions",
    "folder `/photos`, publicPermissions, scope Children",
    "/photos/*",
    ["*"],
    schemas.Link("folder", "/photos"),
)
_NOTE: Final = (
    "JWTs and signed URLs carry their own grants: whoever holds a private key of this account, or "
    "the secure URL key of an API key that can read the file, can let others read it."
)


EXPLAIN: Final = Operation(
    id="Explain",
    tag=Tag.ADMIN,
    method="POST",
    path=f"{_BASE}/explain",
    query=None,
    body=schemas.ExplainRequest(schemas.Who("apiKey", "F91kfA1g"), "/photos/cat.jpg"),
    answer=schemas.ExplainAnswer(
        is_allowed=True,
        reason="folder `/photos`, publicPermissions lets anybody download",
        lines=["allowed: read.file.downloadFile on `/photos/cat.jpg` through `raw`"],
        action="read.file.downloadFile",
        path="/photos/cat.jpg",
        slug="raw",
        rule=_RULE,
        refusal=None,
        jwt_checks=[],
        smallest_grant=None,
    ),
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.ACCOUNT_NOT_FOUND, ErrorCode.INVALID_PATH),
    is_extension=True,
)


@handles(EXPLAIN)
async def explain(request: ApiRequest) -> schemas.ExplainAnswer:
    """Ask whether a request would be allowed, by which rule, and what would change the answer."""
    by = await administrator(request, Role.VIEWER)
    body = await body_as(request, EXPLAIN)
    question = Question(
        account_id=by.account_id,
        segments=parse_segments(body.path),
        action=body.action,
        slug=body.slug,
        key=body.who.key if body.who.kind in {"apiKey", "apiKeyAndJwt"} else None,
        jwt=body.who.jwt if body.who.kind in {"jwt", "apiKeyAndJwt", "cookie"} else None,
        origin=body.origin,
        is_cookie=body.who.kind == "cookie",
    )
    _require_credentials(body.who, question)
    return _answer(await services_of(request).explainer.explain(question), question)


LIST_READERS: Final = Operation(
    id="ListReaders",
    tag=Tag.ADMIN,
    method="POST",
    path=f"{_BASE}/explain/readers",
    query=None,
    body=schemas.ReadersRequest("/photos/cat.jpg"),
    answer=schemas.ReadersAnswer(
        True,
        _RULE,
        [schemas.Reader("apiKey", "F91kfA1g", "backend", True, "it grants it", "/*/**")],
        _NOTE,
    ),
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.ACCOUNT_NOT_FOUND, ErrorCode.INVALID_PATH),
    is_extension=True,
)


@handles(LIST_READERS)
async def list_readers(request: ApiRequest) -> schemas.ReadersAnswer:
    """Ask who can read a file: everybody, and which API keys by themselves."""
    by = await administrator(request, Role.VIEWER)
    body = await body_as(request, LIST_READERS)
    services, segments = services_of(request), parse_segments(body.path)
    keys = await services.configuration.api_keys(by.account_id)
    found = await services.explainer.readers(by.account_id, segments, body.slug, keys)
    items = [
        schemas.Reader(
            "apiKey",
            key.key_id,
            key.name,
            decision.is_allowed,
            decision.reason,
            decision.rule.pattern,
        )
        for key, decision in found.keys
    ]
    public = found.everybody
    rule = public.rule if public.rule.source is RuleSource.PUBLIC_PERMISSIONS else None
    return schemas.ReadersAnswer(
        public.is_public, None if rule is None else _rule(rule, public), items, _NOTE
    )


PREVIEW_PERMISSIONS: Final = Operation(
    id="PreviewPermissions",
    tag=Tag.ADMIN,
    method="POST",
    path=f"{_BASE}/folders/permissionsPreview",
    query=None,
    body=schemas.PreviewRequest("/photos", []),
    answer=schemas.PreviewAnswer(
        True, 0, 12, 3, schemas.PreviewExamples([], ["/photos/cat.jpg"]), 31_536_000
    ),
    access=Access.DASHBOARD_USER,
    refusals=(ErrorCode.ACCOUNT_NOT_FOUND, ErrorCode.INVALID_PATH),
    is_extension=True,
)


@handles(PREVIEW_PERMISSIONS)
async def preview_permissions(request: ApiRequest) -> schemas.PreviewAnswer:
    """Ask which files everybody could read, or could not, if a folder's setting were changed."""
    by = await administrator(request, Role.VIEWER)
    body = await body_as(request, PREVIEW_PERMISSIONS)
    segments = parse_segments(body.folder_path)
    wanted = body.public_permissions
    try:
        entries = None if wanted is None else parse_public_permissions(wanted)
    except PolicyError as error:
        raise BytewardError(
            ErrorCode.INVALID_REQUEST, f"invalid request: body.publicPermissions: {error}"
        ) from None
    services = services_of(request)
    account = await services.facts.account(by.account_id)
    found = await services.preview(by.account_id, segments, entries)
    return schemas.PreviewAnswer(
        found.is_exact,
        found.become_visible,
        found.become_hidden,
        found.unchanged,
        schemas.PreviewExamples(list(found.visible_examples), list(found.hidden_examples)),
        0 if account is None or not found.become_hidden else account.settings.cache_ttl,
    )


def check_items(checks: Iterable[JwtCheckResult]) -> list[schemas.CheckItem]:
    """Checks of a JWT on the wire."""
    return [schemas.CheckItem(each.check.value, each.passed, each.message) for each in checks]


def _require_credentials(who: schemas.Who, question: Question) -> None:
    missing = []
    if who.kind in {"apiKey", "apiKeyAndJwt"} and question.key is None:
        missing.append("key")
    if who.kind in {"jwt", "apiKeyAndJwt", "cookie"} and question.jwt is None:
        missing.append("jwt")
    if missing:
        where = f"body.who.{missing[0]}"
        raise BytewardError(
            ErrorCode.INVALID_REQUEST,
            f"invalid request: {where}: '{missing[0]}' is required",
            details={where: {"message": f"'{missing[0]}' is required"}},
        )


def _answer(explanation: Explanation, question: Question) -> schemas.ExplainAnswer:
    decision, refusal, remedy = explanation.decision, explanation.refusal, explanation.remedy
    return schemas.ExplainAnswer(
        is_allowed=explanation.is_allowed,
        reason=explanation.lines[0] if decision is None else decision.reason,
        lines=list(explanation.lines),
        action=question.action.value,
        path="/" + "/".join(question.segments),
        slug=question.slug if question.action is Action.DOWNLOAD_FILE else None,
        rule=None if decision is None else _rule(decision.rule, decision),
        refusal=None
        if refusal is None
        else schemas.RefusalItem(refusal.code.value, refusal.message),
        jwt_checks=check_items(explanation.jwt_checks),
        smallest_grant=None if remedy is None or decision is None else _grant(remedy, decision),
    )


def _rule(rule: Rule, decision: Decision) -> schemas.RuleItem:
    value = list(rule.value) if isinstance(rule.value, tuple) else rule.value
    link = _link(rule.source, decision)
    return schemas.RuleItem(rule.source.value, rule.location, rule.pattern, value, link)


def _grant(grant: SmallestGrant, decision: Decision) -> schemas.GrantItem:
    link = _link(grant.source, decision)
    if grant.source is RuleSource.PUBLIC_PERMISSIONS:
        link = schemas.Link("folder", grant.pattern.base_text)
    return schemas.GrantItem(grant.text, grant.source.value, grant.pattern.text, grant.is_new, link)


def _link(source: RuleSource, decision: Decision) -> schemas.Link | None:
    if source is RuleSource.PUBLIC_PERMISSIONS and decision.public is not None:
        return schemas.Link("folder", "/" + "/".join(decision.public.folder))
    if source is RuleSource.API_KEY and decision.principal.key is not None:
        return schemas.Link("apiKey", decision.principal.key.key_id)
    return None


HANDLERS: Final = (explain, list_readers, preview_permissions)
