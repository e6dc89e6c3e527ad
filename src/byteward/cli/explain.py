"""`byteward explain`: would this be allowed, by which rule, and what would change the answer?"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console

from byteward.access.actions import Action
from byteward.cli.options import Common
from byteward.cli.terminal import print_result
from byteward.errors import BytewardError, ErrorCode, OperatorError
from byteward.operations.backend import opened_backend
from byteward.paths import parse_segments
from byteward.permissions.facts import Facts
from byteward.permissions.service import Explainer, Explanation, Question


def explain(
    path: str,
    *,
    account: str,
    key: str | None = None,
    jwt: Annotated[Path | None, Parameter(help="File with a JWT.")] = None,
    origin: str | None = None,
    action: str = "downloadFile",
    slug: str = "raw",
    common: Common = Common(),  # noqa: B008 - a frozen value
) -> int:
    """Explain a permission decision. Exit code 0: allowed, 1: denied.

    Parameters
    ----------
    path
        File or folder path.
    account
        Account id.
    key
        An API key, or its id.
    origin
        Web origin of the request.
    action
        Permission field, such as `downloadFile` or `write.file.createFile`.
    slug
        Transformation slug of a download.
    """
    question = Question(
        account_id=account,
        segments=_segments(path),
        action=_action(action),
        slug=slug,
        key=key,
        jwt=None if jwt is None else _token(jwt),
        origin=origin,
    )

    async def run() -> Explanation:
        config = common.load().config
        async with opened_backend(config) as backend:
            explainer = Explainer(
                Facts(backend.database, backend.keys),
                backend.clock,
                jwt_max_lifetime_seconds=config.identity.jwt_max_lifetime_seconds,
            )
            return await explainer.explain(question)

    try:
        explanation = asyncio.run(run())
    except BytewardError as error:
        if error.code is ErrorCode.ACCOUNT_NOT_FOUND:
            raise OperatorError(error.message) from None
        raise
    print_result(
        _to_json(explanation, question),
        as_json=common.json,
        human=lambda console: _show(console, explanation),
    )
    return 0 if explanation.is_allowed else 1


def _segments(path: str) -> tuple[str, ...]:
    try:
        return parse_segments(path)
    except BytewardError as error:
        raise OperatorError(error.message) from None


def _action(name: str) -> Action:
    for action in Action:
        if name in (action.value, action.value.rpartition(".")[2]):
            return action
    known = ", ".join(action.value.rpartition(".")[2] for action in Action)
    raise OperatorError(f"there is no action `{name}`: use one of {known}")


def _token(path: Path) -> str:
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise OperatorError(f"{path}: cannot be read as text") from None


def _to_json(explanation: Explanation, question: Question) -> dict[str, object]:
    decision, refusal, remedy = explanation.decision, explanation.refusal, explanation.remedy
    rule = None if decision is None else decision.rule
    return {
        "allowed": explanation.is_allowed,
        "action": question.action.value,
        "path": "/" + "/".join(question.segments),
        "slug": None if decision is None else decision.slug,
        "reason": explanation.lines[0] if decision is None else decision.reason,
        "rule": None
        if rule is None
        else {
            "source": rule.source.value,
            "location": rule.location,
            "pattern": rule.pattern,
            "value": rule.value,
        },
        "refusal": None
        if refusal is None
        else {"code": refusal.code.value, "message": refusal.message},
        "jwtChecks": [
            {"name": check.check.value, "passed": check.passed, "message": check.message}
            for check in explanation.jwt_checks
        ],
        "smallestGrant": None if remedy is None else remedy.text,
        "lines": list(explanation.lines),
    }


def _show(console: Console, explanation: Explanation) -> None:
    first, *rest = explanation.lines
    style = "bold green" if explanation.is_allowed else "bold red"
    console.print(first, style=style, markup=False)
    for line in rest:
        console.print(f"  {line}", markup=False)
