"""The permission cases are complete, well formed and what the oracle says; no product needed."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest
import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.conformance.access_cases import (
    DATA,
    SUITES,
    Case,
    Check,
    JwtRecipe,
    JwtRule,
    Request,
    Verdict,
    fill,
    load_cases,
    load_fixture,
    load_jwt_rules,
    placeholders,
)
from tests.conformance.access_secure_urls import (
    ciphertext,
    encrypted_target,
    from_base64url,
    mac,
    signed_target,
)
from tests.conformance.access_tokens import Signers, make_signers, make_token, sign_template
from tests.oracles.access_oracle import (
    FIELDS,
    SECRET_KEY_ONLY,
    oracle_allows,
    oracle_tag_allows,
    origin_ok,
)

NOW = 1_800_000_000
FIXTURE = load_fixture()
CASES = load_cases()
RULES = load_jwt_rules()
RECIPES = [recipe for rule in RULES for recipe in rule.recipes]
CHECKS = [(f"{case.id}-{n}", check) for case in CASES for n, check in enumerate(case.decision)]
ORIGINS = [case for case in CASES if case.origin is not None]
CODES_BY_STATUS = {
    400: {"invalid_path", "invalid_json", "invalid_request", "invalid_parameter"},
    401: {
        "authentication_failed_no_credentials",
        "authentication_failed_credentials_denied",
        "authentication_failed_jwt_invalid",
        "authentication_failed_jwt_expired",
        "jwt_missing_account_id_field",
    },
    403: {
        "authorization_failed_permission_denied",
        "origin_not_allowed",
        "jwt_required",
        "tag_not_permitted",
        "secret_key_required",
        "url_expired",
        "url_signature_invalid",
    },
    404: {"file_not_found", "upload_not_found", "transformation_not_found"},
}


@pytest.fixture(scope="module")
def signers() -> Signers:
    return make_signers(FIXTURE)


def requests_of(case: Case) -> Iterator[Request]:
    yield case.request
    for step in case.then:
        if step.request is not None:
            yield step.request


def oracle_verdict(check: Check) -> bool:
    principal: dict[str, object] = {}
    if check.principal.key is not None:
        principal["key"] = FIXTURE.keys[check.principal.key].access
    if check.principal.jwt is not None:
        claims: dict[str, object] = {}
        name: str | None = check.principal.jwt
        while name is not None:
            claims = {**FIXTURE.jwts[name].claims, **claims}
            name = FIXTURE.jwts[name].based_on
        principal["jwt"] = claims
    if check.tag is not None:
        return oracle_tag_allows({"principal": principal, "tag": check.tag})
    return oracle_allows(
        {
            "principal": principal,
            "folders": FIXTURE.account(check.account).public_permissions,
            "field": check.field,
            "path": check.path,
            "slug": check.slug,
        }
    )


def test_every_number_from_1_to_160_occurs_once() -> None:
    assert sorted(c.case for c in CASES if c.case is not None) == list(range(1, 161))


def test_ids_of_twins_are_unique_and_name_a_case() -> None:
    twins = [case.twin for case in CASES if case.case is None]
    assert len(set(twins)) == len(twins)
    assert all(twin and 1 <= int(twin.split("-")[0]) <= 160 for twin in twins)


def test_every_file_of_the_folder_is_read() -> None:
    others = {"fixture", "jwt_rules", "secure_url_vectors"}
    assert {path.stem for path in DATA.glob("*.yaml")} == {*SUITES, *others}


@pytest.mark.parametrize(("name", "check"), CHECKS, ids=[name for name, _ in CHECKS])
def test_the_oracle_agrees_with_a_decision(name: str, check: Check) -> None:
    assert oracle_verdict(check) is check.allow, name


@pytest.mark.parametrize("case", ORIGINS, ids=lambda case: case.id)
def test_the_oracle_agrees_with_an_origin(case: Case) -> None:
    assert case.origin is not None
    name = case.origin.credential
    allowed = (
        FIXTURE.keys[name].allowed_origins
        if name in FIXTURE.keys
        else FIXTURE.jwts[name].claims["allowedOrigins"]
    )
    assert origin_ok(allowed, case.origin.headers) is case.origin.allow


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
class TestCase:
    def test_has_a_decision_or_says_why_not(self, case: Case) -> None:
        assert bool(case.decision) != bool(case.no_decision)

    def test_checks_ask_about_something(self, case: Case) -> None:
        for check in case.decision:
            if check.tag is not None:
                assert (check.field, check.path, check.slug) == (None, None, None)
            elif check.field in SECRET_KEY_ONLY:
                assert (check.path, check.slug) == (None, None)
            else:
                assert check.field in FIELDS
                assert check.path is not None
                assert (check.slug is not None) == (check.field == "read.file.downloadFile")

    def test_principals_exist_and_fit_the_transport(self, case: Case) -> None:
        for check in case.decision:
            key, jwt = check.principal.key, check.principal.jwt
            assert key is None or key in FIXTURE.keys
            assert jwt is None or jwt in FIXTURE.jwts
            assert check.via not in ("none", "cookie") or key is None
            assert check.via not in ("none", "secure_url") or jwt is None

    def test_requests_go_somewhere_and_name_known_things(self, case: Case) -> None:
        known: Mapping[str, object] = {"key": FIXTURE.keys, "jwt": FIXTURE.jwts}
        for request in requests_of(case):
            places = [request.target, request.sign, request.encrypt]
            assert sum(place is not None for place in places) == 1
            assert request.json is None or request.body is None
            parts = [request.target, request.headers, request.cookies, request.json]
            for kind, name in (found for part in parts for found in placeholders(part)):
                names = known.get(kind)
                assert not isinstance(names, Mapping) or name in names
                assert kind != "etag" or name in FIXTURE.account("A623uY2").files
                assert kind != "upload" or (case.given is not None and case.given.upload)
                assert kind != "job" or (case.given is not None and case.given.job)

    def test_codes_belong_to_their_status(self, case: Case) -> None:
        steps = [step.expect for step in case.then if step.expect is not None]
        for expect in [case.expect, *steps]:
            if expect.status < 400:
                assert expect.code is None
            else:
                assert expect.code in CODES_BY_STATUS[expect.status]

    def test_a_permitted_request_succeeds_and_a_refused_one_is_403(self, case: Case) -> None:
        # Case 61 asks two questions for its two requests, 116 shows what may be read.
        if case.decision and case.id not in ("61", "116"):
            allowed = all(check.allow for check in case.decision)
            assert allowed == (case.expect.status in (200, 204, 404))
            assert allowed or case.expect.status == 403

    def test_files_exist_that_are_read_or_kept(self, case: Case) -> None:
        files = set(FIXTURE.account("A623uY2").files) | set(FIXTURE.account("B7xk3Qz").files)
        kept = [*case.expect.unchanged, *case.expect.deleted]
        kept += [] if case.expect.body_of is None else [case.expect.body_of]
        assert set(kept) <= files - set(case.absent)
        assert set(case.expect.stored) <= files | set(case.absent)
        assert set(case.expect.nothing_stored).isdisjoint(files - set(case.absent))

    def test_what_is_not_served_yet_says_which_operation(self, case: Case) -> None:
        assert (case.http == "later") == (case.operation is not None)

    def test_a_step_is_an_action_or_a_request(self, case: Case) -> None:
        for step in case.then:
            assert (step.action is None) == (step.request is not None)
            assert (step.request is None) == (step.expect is None)

    def test_same_answer_refers_to_a_case(self, case: Case) -> None:
        same = case.expect.same_as
        assert same is None or (1 <= same <= 160 and same != case.case)

    def test_secure_urls_can_be_made(self, case: Case) -> None:
        for request in requests_of(case):
            if request.sign is not None:
                target = signed_target(request.sign, FIXTURE, "127.0.0.1:8081", NOW)
                assert re.fullmatch(r"/A623uY2/.*[?&]sig=1\.[1-9A-Za-z]{8}\.[\w-]{43}.*", target)
            if request.encrypt is not None:
                assert "?enc=1." in encrypted_target(request.encrypt, FIXTURE)


def test_key_ids_and_texts_are_unique_and_well_formed() -> None:
    keys = FIXTURE.keys.values()
    assert len({key.id for key in keys}) == len({key.text for key in keys}) == len(keys)
    for key in keys:
        assert re.fullmatch(r"[1-9A-HJ-NP-Za-km-z]{8}", key.id)
        assert re.fullmatch(r"(public|secret)_[1-9A-HJ-NP-Za-km-z]{28}", key.text)


def test_every_key_and_jwt_of_the_fixture_is_used() -> None:
    text = "".join((DATA / f"{suite}.yaml").read_text() for suite in SUITES)
    bases = {template.based_on for template in FIXTURE.jwts.values()}
    for name in [*FIXTURE.keys, *FIXTURE.jwts]:
        assert name in bases or re.search(rf"\b{name}\b", text), name


def test_placeholders_are_filled() -> None:
    filled = fill("{key:SK} {now-1} {upload} {x}", lambda kind, name: f"<{kind}|{name}>")
    assert filled == "<key|SK> <now|-1> <upload|> {x}"


def test_every_template_makes_a_token(signers: Signers) -> None:
    for name in FIXTURE.jwts:
        assert sign_template(FIXTURE, name, signers, NOW).count(".") == 2


class TestSecureUrlVectors:
    VECTORS = yaml.safe_load((DATA / "secure_url_vectors.yaml").read_text())
    KEY = VECTORS["key"]["secureUrlKey"]

    @pytest.mark.parametrize("vector", VECTORS["signed"], ids=lambda v: v["message"])
    def test_macs_are_reproduced(self, vector: Mapping[str, str]) -> None:
        assert mac(self.KEY, vector["message"]) == vector["mac"]

    @pytest.mark.parametrize("vector", VECTORS["encrypted"], ids=lambda v: v["aad"] + v["iv"])
    def test_ciphertexts_are_reproduced(self, vector: Mapping[str, str]) -> None:
        made = ciphertext(self.KEY, vector["iv"], vector["plaintext"], vector["aad"])
        assert made == vector["ciphertext"]

    def test_case_155_is_the_vector_bound_to_host_and_path(self) -> None:
        (case,) = (case for case in CASES if case.case == 155)
        assert case.request.encrypt is not None
        target = encrypted_target(case.request.encrypt, FIXTURE)
        assert target.endswith(self.VECTORS["encrypted"][0]["ciphertext"])


class TestJwtRules:
    def test_recipes_are_many_and_their_ids_unique(self) -> None:
        assert len(RECIPES) >= 150
        assert max(Counter(recipe.id for recipe in RECIPES).values()) == 1

    @pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
    def test_every_rule_has_both_sides(self, rule: JwtRule) -> None:
        verdicts = {recipe.verdict for recipe in rule.recipes}
        assert {Verdict.VALID, Verdict.INVALID} <= verdicts

    def test_only_the_rule_about_length_makes_long_tokens(self, signers: Signers) -> None:
        for recipe in RECIPES:
            token = make_token(recipe, signers, NOW)
            if recipe.total_length is None:
                assert len(token) <= 8192, recipe.id
            else:
                assert len(token) == recipe.total_length

    def test_tokens_that_count_are_signed_and_dated_as_their_verdict_says(
        self, signers: Signers
    ) -> None:
        for recipe in RECIPES:
            if recipe.verdict is not Verdict.INVALID:
                claims = verified_claims(make_token(recipe, signers, NOW), recipe, signers)
                assert (claims["exp"] > NOW) == (recipe.verdict is Verdict.VALID), recipe.id

    def test_tokens_that_do_not_count_differ_from_the_base_token(self, signers: Signers) -> None:
        base = make_token(JwtRecipe(id="base", verdict=Verdict.VALID), signers, NOW)
        for recipe in RECIPES:
            if recipe.verdict is Verdict.INVALID and recipe.beside is None:
                assert make_token(recipe, signers, NOW) != base, recipe.id


def verified_claims(token: str, recipe: JwtRecipe, signers: Signers) -> dict[str, float]:
    """The claims, once the signature holds; the token is well formed by construction."""
    signing_input, _, signature = token.rpartition(".")
    try:
        signers[recipe.signed_by].public_key().verify(
            from_base64url(signature), signing_input.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        pytest.fail(f"{recipe.id} is not signed by {recipe.signed_by}")
    claims = json.loads(from_base64url(signing_input.split(".")[1]))
    assert isinstance(claims, dict)
    return claims
