"""The decision against a slow, independent second implementation, on random near misses.

Rules are made in the wire protocol's shape, so that reading them is compared as well. Paths differ
from the rules' paths by a prefix, by case, by a dot, by a percent escape or by Unicode form.
"""

from __future__ import annotations

from random import Random

import pytest

from byteward.access.actions import Action
from byteward.access.decide import decide, decide_tag
from byteward.access.explain import explain
from byteward.access.listing import reachable
from byteward.access.model import (
    KeyAccess,
    KeyKind,
    Principal,
    PrincipalKind,
    Segments,
    TokenAccess,
)
from byteward.access.origins import origin_allowed
from byteward.access.policy import (
    parse_path_permissions,
    parse_public_permissions,
    parse_tag_permissions,
    parse_token_access,
)
from byteward.access.public import PublicEntries, nearest_public
from byteward.access.rules import PathPattern, PathRules
from byteward.paths import parse_segments
from tests.oracles.access_oracle import oracle_allows, oracle_tag_allows, origin_ok

Json = dict[str, object]

SLUGS = ("raw", "image", "images", "thumbnail", "thumbnail-sm", "Raw", "video")
SLUG_PATTERNS = ("*", "raw", "image", "image*", "thumbnail-*", "t*", "thumbnail", "R*", "raw*")
TAGS = ("user-1", "user-2", "user", "admin", "User-1")
TAG_PATTERNS = ("*", "user-*", "user*", "admin", "user-1")
NAMES = ("u1", "users", "a", "f.jpg")
SCOPES = ("This", "Children", "Grandchildren+")
ORIGINS = (
    "https://app.example.com",
    "https://APP.example.com:443",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://evil.example",
    "null",
    "",
)


def twin(random: Random, name: str) -> str:
    """A name that is nearly the same, or the same in half of the cases."""
    twins = (
        name + "0",
        name[:-1],
        name.upper(),
        name + ".",
        "." + name,
        f"%{ord(name[0]):02x}" + name[1:],
        name.replace("u", "u\u0308"),
        name.replace("u", "ü"),
        name + "%2F",
        "",
    )
    return name if random.random() < 0.7 else random.choice(twins)


def path_segments(random: Random, max_depth: int) -> list[str]:
    depth = random.randint(0, max_depth)
    return [
        twin(random, random.choice(NAMES[:2] if level < 2 else NAMES)) for level in range(depth)
    ]


def base_path(random: Random) -> str:
    segments = path_segments(random, 3)
    if segments:
        segments[0], segments[-1] = segments[0] or "a", segments[-1] or "a"
    return "/" + "/".join(segments)


def patterns(random: Random, pool: tuple[str, ...]) -> list[str]:
    return random.sample(pool, random.randint(0, 3))


def random_grants(random: Random, *, is_token: bool) -> Json:
    grants: dict[str, dict[str, Json]] = {}
    for action in Action:
        if random.random() < 0.5:
            continue
        verb, subject, name = action.value.split(".")
        value: object = (
            patterns(random, SLUG_PATTERNS)
            if action is Action.DOWNLOAD_FILE
            else random.random() < 0.7
        )
        if is_token and random.random() < 0.05:
            value = None
        grants.setdefault(verb, {}).setdefault(subject, {})[name] = value
    return {**grants}


def path_permissions(random: Random, *, is_token: bool) -> list[Json]:
    entries: dict[tuple[str, str], Json] = {}
    duplicates: list[Json] = []
    for _ in range(random.randint(0, 6)):
        match = {"path": base_path(random), "scope": random.choice(SCOPES)}
        entry: Json = {"match": match, "permissions": random_grants(random, is_token=is_token)}
        entries[match["path"], match["scope"]] = entry
        if is_token and random.random() < 0.2:
            again: Json = {"match": match, "permissions": random_grants(random, is_token=True)}
            duplicates.append(again)
    listed = [*entries.values(), *duplicates]
    random.shuffle(listed)
    return listed


def key_json(random: Random) -> Json:
    return {
        "kind": random.choice(("secret", "public")),
        "pathPermissions": path_permissions(random, is_token=False),
        "tagPermissions": {"write": patterns(random, TAG_PATTERNS)},
    }


def claims_json(random: Random) -> Json:
    access: Json = {"pathPermissions": path_permissions(random, is_token=True)}
    if random.random() < 0.5:
        access["tagPermissions"] = {"write": patterns(random, TAG_PATTERNS)}
    return {"access": access} if random.random() < 0.95 else {}


def folders_json(random: Random) -> dict[str, list[Json]]:
    return {
        base_path(random): [
            {
                "scope": random.choice(SCOPES),
                "permissions": {"file": {"downloadFile": patterns(random, SLUG_PATTERNS)}},
            }
            for _ in range(random.randint(0, 3))
        ]
        for _ in range(random.randint(0, 3))
    }


def principal_of(random: Random, wire: Json) -> Principal:
    key = token = None
    key_wire, claims = wire.get("key"), wire.get("jwt")
    if isinstance(key_wire, dict):
        rules = PathRules(parse_path_permissions(key_wire["pathPermissions"], is_token=False))
        tags = parse_tag_permissions(key_wire["tagPermissions"], is_token=False)
        key = KeyAccess("F91kfA1g", KeyKind(key_wire["kind"]), rules, tags or ())
    if isinstance(claims, dict):
        token = TokenAccess("user-1", "cert0001", *parse_token_access(claims.get("access")))
    kinds = {
        (False, False): [PrincipalKind.ANONYMOUS],
        (True, False): [PrincipalKind.API_KEY, PrincipalKind.SECURE_URL],
        (False, True): [PrincipalKind.JWT, PrincipalKind.COOKIE],
        (True, True): [PrincipalKind.API_KEY_AND_JWT],
    }
    kind = random.choice(kinds[key is not None, token is not None])
    return Principal(kind, "A623uY2", key, token)


def rule_patterns(principal: Principal) -> list[PathPattern]:
    holders = [principal.key, principal.token]
    return [
        pattern for holder in holders if holder is not None for pattern in holder.rules.patterns
    ]


def asked_path(random: Random, bases: list[Segments]) -> str:
    """A path at or below one of the bases, and in a third of the cases a near miss of it."""
    segments = list(random.choice(bases)) if bases and random.random() < 0.8 else []
    segments += [random.choice(NAMES) for _ in range(random.randint(0, 2))]
    if segments and random.random() < 0.33:
        position = random.randrange(len(segments))
        near = twin(random, segments[position] or "a")
        is_no_name = near in {".", ".."} or (not near and position == 0)
        segments[position] = "a" if is_no_name else near
    return "/" + "/".join(segments)


WRITES_NOTHING = {PrincipalKind.ANONYMOUS, PrincipalKind.COOKIE, PrincipalKind.SECURE_URL}


def compare_one_world(random: Random, questions: int) -> list[bool]:
    """Ask both about one principal and one set of folders; returns the verdicts."""
    verdicts = []
    wire: Json = {}
    if random.random() < 0.7:
        wire["key"] = key_json(random)
    if random.random() < 0.7:
        wire["jwt"] = claims_json(random)
    folders = folders_json(random)
    levels: dict[Segments, PublicEntries] = {
        parse_segments(path): parse_public_permissions(value) for path, value in folders.items()
    }
    public_facts = [entries.at(folder) for folder, entries in levels.items()]
    principal = principal_of(random, wire)
    bases = [*levels, *(pattern.base for pattern in rule_patterns(principal))]
    for _ in range(questions):
        path = asked_path(random, bases)
        segments = parse_segments(path)
        # Downloads have the most that can go wrong: a third of all questions.
        action = Action.DOWNLOAD_FILE if random.random() < 0.34 else random.choice(list(Action))
        slug = random.choice(SLUGS) if action is Action.DOWNLOAD_FILE else None
        if action is not Action.DOWNLOAD_FILE and principal.kind in WRITES_NOTHING:
            continue
        request: Json = {
            "principal": wire,
            "folders": folders,
            "field": action.value,
            "path": path,
            "slug": slug,
        }
        public = nearest_public(levels.items(), segments[:-1])
        decision = decide(principal, action, segments, slug=slug, public=public)
        verdicts.append(decision.is_allowed)
        assert decision.is_allowed is oracle_allows(request), (request, explain(decision))
        if random.random() < 0.1:
            listed = reachable(principal, action, slug=slug, public=public_facts)
            assert listed.allows(segments) is decision.is_allowed, request
    if principal.kind not in WRITES_NOTHING:
        tag = random.choice(TAGS)
        verdict = decide_tag(principal, tag).is_allowed
        assert verdict is oracle_tag_allows({"principal": wire, "tag": tag}), (wire, tag)
    return verdicts


def compare(seed: int, comparisons: int) -> None:
    random = Random(seed)
    verdicts: list[bool] = []
    while len(verdicts) < comparisons:
        verdicts += compare_one_world(random, 20)
    # The comparison says something only while both verdicts are common.
    assert 0.05 < sum(verdicts) / len(verdicts) < 0.5


def test_50_000_random_decisions_equal_the_oracle() -> None:
    compare(seed=1, comparisons=50_000)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 22))
def test_a_million_random_decisions_equal_the_oracle(seed: int) -> None:
    compare(seed, comparisons=50_000)


def test_random_origins_are_judged_as_by_the_oracle() -> None:
    random = Random(1)
    for _ in range(2_000):
        allowed = random.choice([None, random.sample(ORIGINS, random.randint(0, 3))])
        headers = {
            name: random.choice(ORIGINS) for name in ("Origin", "Referer") if random.random() < 0.6
        }
        verdict = origin_allowed(
            None if allowed is None else tuple(allowed),
            headers.get("Origin"),
            headers.get("Referer"),
        )
        assert verdict is origin_ok(allowed, headers), (allowed, headers)
