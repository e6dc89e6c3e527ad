"""The permission cases as typed values, for every depth at which they run.

`access/fixture.yaml` holds what exists: accounts with folders, files and presets, API keys,
certificates and JWT templates, each under the name that the cases use (`SK`, `J1A`, `MAIN`).
`access/1_…` to `7_….yaml` hold cases 1 to 160, `access/twins.yaml` further ones with a textual id.

- The pure decision reads `Case.decision`: one or more checks, each with its own verdict. A case
  without checks says in `no_decision` what decides instead (the credential, an origin, the path …).
- `Case.origin` is a check of a credential's list of origins alone.
- A service or the server over HTTP plays `Case.request`, compares with `Case.expect`, then plays
  `Case.then`. All files of the fixture exist when a case begins, except `absent`; nothing else
  does. `given` asks for an upload in progress or a job.
- `http: later` marks a case whose operation is not served by every release; `operation` names it.

Placeholders in targets, headers, cookies and JSON: `{key:PK}` text of a key, `{jwt:J1A}` a token,
`{basic:apikey:SKR}` Base64 of user and key, `{etag:/path}` the quoted ETag of a file, `{upload}`
and `{job}` (`jobType/jobId`) of `given`, `{now-1}` Unix seconds. `fill` replaces them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import yaml

DATA: Final = Path(__file__).parent / "access"
SUITES: Final = (
    "1_public_folders",
    "2_keys_on_delivery",
    "3_keys_on_api",
    "4_token_validity",
    "5_token_permissions",
    "6_browser_sessions",
    "7_secure_urls",
    "twins",
)
Json = dict[str, Any]  # Any: JSON in wire shape, handed on as it is


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything read from the files: immutable, and a misspelt member is an error."""


class Wire(Record, frozen=True, rename="camel"):
    """A record whose members are spelt as on the wire."""


class Folder(Wire, frozen=True):
    folder_path: str
    description: str | None = None
    public_permissions: list[Json] | None = None


class Preset(Wire, frozen=True):
    name: str
    transformation: str
    params: list[Json]


class Account(Wire, frozen=True):
    account_id: str
    folders: list[Folder]
    files: list[str]
    presets: list[Preset]

    @property
    def public_permissions(self) -> dict[str, list[Json]]:
        """`publicPermissions` by folder path, of the folders that define them."""
        return {
            folder.folder_path: folder.public_permissions
            for folder in self.folders
            if folder.public_permissions is not None
        }


class Certificate(Wire, frozen=True):
    id: str
    account_id: str | None


class Key(Wire, frozen=True):
    id: str
    account_id: str
    kind: Literal["secret", "public"]
    path_permissions: list[Json]
    tag_permissions: Json
    enabled: bool = True
    require_jwt: bool = False
    allowed_origins: list[str] = []
    secure_url_key: str | None = None

    @property
    def text(self) -> str:
        """What a client sends; 21 base58 characters follow the account id."""
        return f"{self.kind}_{self.account_id}{(self.id * 3)[:21]}"

    @property
    def access(self) -> Json:
        """The part of a key that decides, in the shape that the oracle takes."""
        return {
            "kind": self.kind,
            "pathPermissions": self.path_permissions,
            "tagPermissions": self.tag_permissions,
        }


class JwtTemplate(Wire, frozen=True):
    claims: Json = {}
    based_on: str | None = None
    omit: list[str] = []
    signed_by: str = "MAIN"
    algorithm: str = "RS256"


class Fixture(Record, frozen=True):
    grants: Json
    public: list[Json]
    certificates: dict[str, Certificate]
    accounts: list[Account]
    keys: dict[str, Key]
    jwts: dict[str, JwtTemplate]

    def account(self, account_id: str) -> Account:
        """The account of that id; the fixture has two."""
        return next(a for a in self.accounts if a.account_id == account_id)


class Principal(Record, frozen=True):
    key: str | None = None
    jwt: str | None = None


class Check(Record, frozen=True):
    """One question to the pure decision; `tag` replaces field, path and slug."""

    principal: Principal
    via: Literal["none", "header", "cookie", "secure_url"]
    allow: bool
    account: str = "A623uY2"
    field: str | None = None
    path: str | None = None
    slug: str | None = None
    tag: str | None = None


class OriginCheck(Record, frozen=True):
    credential: str
    headers: dict[str, str]
    allow: bool


class Signed(Record, frozen=True):
    """A signed URL; see `access_secure_urls.signed_target`."""

    key: str
    target: str
    exp: str | None = None
    host: str | None = None
    key_id: str | None = None
    tamper: Json = {}


class Encrypted(Record, frozen=True):
    """An encrypted URL; see `access_secure_urls.encrypted_target`."""

    key: str
    target: str
    plaintext: str
    aad: Literal["host_and_path", "path", "none"]
    iv: str
    host: str
    tamper: Json = {}


class Request(Record, frozen=True):
    """One request. Exactly one of `target`, `sign` and `encrypt` says where it goes."""

    plane: Literal["api", "cdn"]
    method: str
    target: str | None = None
    sign: Signed | None = None
    encrypt: Encrypted | None = None
    host: str | None = None
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    json: Json | None = None
    body: str | None = None


class HeaderCheck(Record, frozen=True):
    """`contains` looks for each text in the value, whatever its case."""

    header: str
    equals: str | None = None
    starts_with: str | None = None
    contains: list[str] = []
    over_https: list[str] = []
    over_http: list[str] = []
    absent: bool = False


class Expectation(Record, frozen=True):
    """What the answer is like, and what is stored afterwards.

    Attributes:
        status: HTTP status.
        code: `error.code` of the body.
        details: `error.details` of the body, these members at least.
        headers: checks of headers, all of which hold.
        same_as: number of the case whose answer has the same status, body and headers, but for the
            date and the request id.
        body_of: path of the fixture's file whose bytes are the body.
        json_has: dotted members that the body has.
        json_lacks: dotted members that it has not.
        json_equals: dotted members and their values.
        json_positive: dotted members that are numbers above zero.
        stored: files that exist afterwards, with the bytes sent.
        nothing_stored: files that do not exist afterwards.
        unchanged: files that are as they were.
        deleted: files that are gone.
    """

    status: int
    code: str | None = None
    details: Json | None = None
    headers: list[HeaderCheck] = []
    same_as: int | None = None
    body_of: str | None = None
    json_has: list[str] = []
    json_lacks: list[str] = []
    json_equals: Json = {}
    json_positive: list[str] = []
    stored: list[str] = []
    nothing_stored: list[str] = []
    unchanged: list[str] = []
    deleted: list[str] = []


class Action(Record, frozen=True):
    """A change between two requests; it holds within a second, and is undone after the case."""

    disable_key: str | None = None
    disable_certificate: str | None = None


class Step(Record, frozen=True):
    """Either an action, or a request with what is expected of it."""

    action: Action | None = None
    request: Request | None = None
    expect: Expectation | None = None


class GivenUpload(Wire, frozen=True):
    """An upload that `key` has begun and not finished."""

    key: str
    file_path: str
    size: int


class GivenJob(Record, frozen=True):
    """A job of `key` that deletes these files, none of which need exist."""

    key: str
    delete_files: list[str]


class Given(Record, frozen=True):
    upload: GivenUpload | None = None
    job: GivenJob | None = None


class Case(Record, frozen=True):
    title: str
    why: str
    request: Request
    expect: Expectation
    case: int | None = None
    twin: str | None = None
    absent: list[str] = []
    given: Given | None = None
    decision: list[Check] = []
    no_decision: str | None = None
    origin: OriginCheck | None = None
    http: Literal["now", "later"] = "now"
    operation: str | None = None
    then: list[Step] = []

    @property
    def id(self) -> str:
        """Number or textual id, for the name of a parametrised test."""
        return str(self.case) if self.case is not None else str(self.twin)


class Verdict(StrEnum):
    """What verification says of a token."""

    VALID = "valid"
    EXPIRED = "expired"
    INVALID = "invalid"


class JwtRecipe(Wire, frozen=True):
    """How one token differs from the base token, and the verdict; see `access_tokens`."""

    id: str
    verdict: Verdict
    header: Json = {}
    header_omit: list[str] = []
    header_text: str | None = None
    header_prefix_hex: str = ""
    claims: Json = {}
    claims_omit: list[str] = []
    claims_text: str | None = None
    claims_encoding: str = "utf-8"
    claims_prefix_hex: str = ""
    claims_suffix_hex: str = ""
    signed_by: str = "MAIN"
    algorithm: str = "RS256"
    mangle: list[Json] = []
    total_length: int | None = None
    place: Literal["authorization", "cookie"] = "authorization"
    beside: str | None = None
    stage: Literal["token", "authentication"] = "token"


class JwtRule(Record, frozen=True):
    rule: str
    why: str
    recipes: list[JwtRecipe]


def load_fixture() -> Fixture:
    """Read what exists before a case begins."""
    return msgspec.convert(_read("fixture"), Fixture)


def load_cases(*suites: str) -> list[Case]:
    """Read the cases of these files (`SUITES` if none), in their order."""
    return [
        case for suite in suites or SUITES for case in msgspec.convert(_read(suite), list[Case])
    ]


def load_jwt_rules() -> list[JwtRule]:
    """Read the rules for JWTs.

    `access_tokens.make_token(recipe, signers, now)` materialises a recipe. A test of verification
    passes the same `now` as the clock and expects the verdict; recipes with `stage: authentication`
    also need the account's keys (fixture), `beside` names the key in `Authorization` while the
    token is in `Authorization-Token`, and `place: cookie` puts it into the session cookie.
    """
    return msgspec.convert(_read("jwt_rules"), list[JwtRule])


_PLACEHOLDER: Final = re.compile(r"\{(key|jwt|basic|etag|upload|job|now)[:]?([^{}]*)\}")


def fill(text: str, value: Callable[[str, str], str]) -> str:
    """Replace placeholders; `value` gets kind and argument, such as `("jwt", "J1A")`."""
    return _PLACEHOLDER.sub(lambda found: value(found[1], found[2]), text)


def placeholders(value: object) -> Iterator[tuple[str, str]]:
    """Kind and argument of every placeholder inside strings, lists and mappings."""
    if isinstance(value, str):
        for found in _PLACEHOLDER.finditer(value):
            yield found[1], found[2]
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from placeholders(item)
    elif isinstance(value, list):
        for item in value:
            yield from placeholders(item)


def _read(name: str) -> object:
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
