"""Properties of decisions: list equals check, and what changing one rule can and cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from byteward.access.actions import Action
from byteward.access.causes import CAUSES, Cause, RuleSource
from byteward.access.decide import decide
from byteward.access.decision import Decision
from byteward.access.explain import SmallestGrant, explain, smallest_grant
from byteward.access.listing import reachable
from byteward.access.model import Principal, PrincipalKind, PublicPermissions, TokenAccess
from byteward.access.public import PublicEntries, PublicEntry, nearest_public
from byteward.access.rules import Grant, PathPattern, PathPermission, PathRules, Scope, Segments
from tests.unit.access.builders import NOTHING
from tests.unit.access.strategies import (
    ACTIONS,
    PATHS,
    PATTERNS,
    PUBLIC,
    SLUGS,
    principals,
)

Question = tuple[Action, Segments, str, PublicPermissions | None]
QUESTIONS = st.tuples(ACTIONS, PATHS, SLUGS, st.none() | PUBLIC)


def answer(principal: Principal, question: Question) -> Decision:
    action, segments, slug, public = question
    return decide(principal, action, segments, slug=slug, public=public)


def with_rules(
    principal: Principal, source: RuleSource, entries: tuple[PathPermission, ...]
) -> Principal:
    rules = PathRules(entries)
    if source is RuleSource.JWT and principal.token is not None:
        return replace(principal, token=replace(principal.token, rules=rules))
    if principal.key is not None:
        return replace(principal, key=replace(principal.key, rules=rules))
    return principal


def sources(principal: Principal) -> Iterator[tuple[RuleSource, tuple[PathPermission, ...]]]:
    if principal.token is not None:
        yield RuleSource.JWT, principal.token.rules.entries
    if principal.key is not None:
        yield RuleSource.API_KEY, principal.key.rules.entries


def each_change(
    principal: Principal, change: Callable[[Grant], Iterator[Grant | None]]
) -> Iterator[Principal]:
    """Principals that differ in one grant of one rule; None leaves the grant out."""
    for source, entries in sources(principal):
        for position, entry in enumerate(entries):
            for action, grant in entry.grants.items():
                for changed in change(grant):
                    grants = {a: g for a, g in entry.grants.items() if a is not action}
                    if changed is not None:
                        grants[action] = changed
                    narrowed = replace(entry, grants=grants)
                    rest = (*entries[:position], narrowed, *entries[position + 1 :])
                    yield with_rules(principal, source, rest)


def to_denial(grant: Grant) -> Iterator[Grant | None]:
    """What is narrower than the grant and still mentions the action."""
    if isinstance(grant, tuple):
        for position in range(len(grant)):
            yield (*grant[:position], *grant[position + 1 :])
        yield ()
    else:
        yield False


def to_silence(grant: Grant) -> Iterator[Grant | None]:
    """A grant of True, left out."""
    if grant is True:
        yield None


@given(
    principals(unique=False),
    ACTIONS,
    SLUGS,
    st.lists(PUBLIC, max_size=3, unique_by=lambda setting: setting.folder),
    st.lists(PATHS, max_size=8),
)
def test_list_equals_filter_by_check(
    principal: Principal,
    action: Action,
    slug: str,
    public: list[PublicPermissions],
    paths: list[Segments],
) -> None:
    listed = reachable(principal, action, slug=slug, public=public)
    settings = {setting.folder: setting for setting in public}
    for path in paths:
        ancestors = (settings.get(path[:length]) for length in range(len(path) - 1, -1, -1))
        nearest = next((setting for setting in ancestors if setting is not None), None)
        checked = decide(principal, action, path, slug=slug, public=nearest)
        assert listed.allows(path) is checked.is_allowed


@given(principals(unique=False), QUESTIONS)
def test_turning_a_grant_into_a_denial_never_adds_a_right(
    principal: Principal, question: Question
) -> None:
    before = answer(principal, question).is_allowed
    for narrowed in each_change(principal, to_denial):
        assert before or not answer(narrowed, question).is_allowed


@given(principals(), QUESTIONS)
def test_leaving_a_grant_of_true_out_never_adds_a_right(
    principal: Principal, question: Question
) -> None:
    before = answer(principal, question).is_allowed
    for narrowed in each_change(principal, to_silence):
        assert before or not answer(narrowed, question).is_allowed


@given(principals(unique=False), QUESTIONS)
def test_removing_a_whole_rule_adds_a_right_only_where_that_rule_won(
    principal: Principal, question: Question
) -> None:
    before = answer(principal, question)
    _, path, _, _ = question
    for source, entries in sources(principal):
        for position, entry in enumerate(entries):
            rest = entries[:position] + entries[position + 1 :]
            after = answer(with_rules(principal, source, rest), question)
            if after.is_allowed and not before.is_allowed:
                winner = before.token_entry if source is RuleSource.JWT else before.key_entry
                assert winner is not None
                assert winner.pattern == entry.pattern
                assert entry.pattern.matches(path)


@given(principals(unique=False), PATTERNS, QUESTIONS)
def test_adding_a_rule_that_denies_everything_never_adds_a_right(
    principal: Principal, pattern: PathPattern, question: Question
) -> None:
    before = answer(principal, question).is_allowed
    for source, entries in sources(principal):
        denial = PathPermission(pattern, NOTHING, len(entries))
        after = answer(with_rules(principal, source, (*entries, denial)), question)
        assert before or not after.is_allowed


@given(principals(), QUESTIONS)
def test_public_floor_never_takes_a_right_away(principal: Principal, question: Question) -> None:
    action, segments, slug, _ = question
    private = decide(principal, action, segments, slug=slug)
    assert answer(principal, question).is_allowed or not private.is_allowed


@given(principals(), QUESTIONS)
def test_equal_facts_give_equal_decisions(principal: Principal, question: Question) -> None:
    assert answer(principal, question) == answer(replace(principal), question)


@given(principals(unique=False), QUESTIONS)
def test_decision_explains_itself(principal: Principal, question: Question) -> None:
    decision = answer(principal, question)
    assert decision.is_allowed is CAUSES[decision.cause].is_allowed
    assert decision.rule.source in {CAUSES[decision.cause].source, RuleSource.DEFAULT}
    assert decision.reason
    lines = explain(decision)
    assert lines[0].startswith("allowed" if decision.is_allowed else "denied")
    assert decision.reason in lines[1]
    assert all(line.isprintable() for line in lines)


def granted(decision: Decision, grant: SmallestGrant) -> Decision:
    """The decision after the grant was made as its parts say."""
    principal, public = decision.principal, decision.public
    if grant.source is RuleSource.PUBLIC_PERMISSIONS:
        public = _publish(decision, grant)
    elif grant.source is RuleSource.JWT and principal.token is None:
        entry = PathPermission(grant.pattern, {decision.action: grant.value})
        token = TokenAccess("user-1", "cert0001", PathRules([entry]))
        principal = replace(principal, kind=PrincipalKind.API_KEY_AND_JWT, token=token)
    else:
        stored = dict(sources(principal))[grant.source]
        principal = with_rules(principal, grant.source, _widen(stored, decision.action, grant))
    return decide(principal, decision.action, decision.segments, slug=decision.slug, public=public)


def _widen(
    entries: tuple[PathPermission, ...], action: Action, grant: SmallestGrant
) -> tuple[PathPermission, ...]:
    if grant.is_new:
        return (*entries, PathPermission(grant.pattern, {action: grant.value}, len(entries)))
    return tuple(
        replace(entry, grants={**entry.grants, action: _sum(entry.grants.get(action), grant.value)})
        if entry.pattern == grant.pattern
        else entry
        for entry in entries
    )


def _sum(old: Grant | None, added: Grant) -> Grant:
    return (*old, *added) if isinstance(old, tuple) and isinstance(added, tuple) else added


def _publish(decision: Decision, grant: SmallestGrant) -> PublicPermissions | None:
    slugs = grant.value if isinstance(grant.value, tuple) else ()
    old = decision.public
    stored = [PublicEntry(grant.pattern.scope, slugs)]
    if old is not None:
        stored += [
            PublicEntry(Scope.CHILDREN, old.children),
            PublicEntry(Scope.GRANDCHILDREN, old.grandchildren),
        ]
    level = (grant.pattern.base, PublicEntries(tuple(stored)))
    return nearest_public([level], decision.segments[:-1])


@given(principals(unique=False), QUESTIONS)
def test_making_the_smallest_grant_turns_the_denial_round(
    principal: Principal, question: Question
) -> None:
    action, segments, slug, public = question
    if public is not None and segments[: len(public.folder)] != public.folder:
        public = None
    if public is not None and len(segments) <= len(public.folder):
        public = None
    decision = decide(principal, action, segments, slug=slug, public=public)
    grant = smallest_grant(decision)
    if decision.is_allowed:
        assert grant is None
    elif grant is not None:
        assert granted(decision, grant).is_allowed
    else:
        cannot = {Cause.CREDENTIAL_CEILING, Cause.PUBLIC_UNREADABLE, Cause.ROLE_DENIES}
        assert decision.cause in cannot or decision.segments == ()
