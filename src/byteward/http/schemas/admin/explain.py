"""Bodies of the operations that explain permissions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from byteward.access.actions import Action
from byteward.http.schemas.folders import FolderPathText, PublicPermissions

PathText = Annotated[str, Meta(min_length=1, max_length=2048, pattern="^/.*$")]
Slug = Annotated[str, Meta(min_length=1, max_length=100)]


class Who(Struct, frozen=True, forbid_unknown_fields=True):
    """The credential of the question.

    Attributes:
        kind: which.
        key: an API key's id, or its text.
        jwt: a JWT.
    """

    kind: Literal["anonymous", "apiKey", "jwt", "apiKeyAndJwt", "cookie"]
    key: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    jwt: Annotated[str, Meta(min_length=1, max_length=20000)] | None = None


class ExplainRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Would this be allowed?

    Attributes:
        who: the credential.
        path: of a file or folder.
        action: what would be done to it.
        slug: the transformation of a download.
        origin: the `Origin` header.
    """

    who: Who
    path: PathText
    action: Action = Action.DOWNLOAD_FILE
    slug: Slug = "raw"
    origin: Annotated[str, Meta(min_length=1, max_length=300)] | None = None


class Link(Struct, frozen=True):
    """What to edit.

    Attributes:
        kind: `folder` or `apiKey`.
        id: its path or id.
    """

    kind: Literal["folder", "apiKey"]
    id: str


class RuleItem(Struct, frozen=True):
    """A stored rule.

    Attributes:
        source: which store.
        location: where it stands there, for people.
        pattern: its path pattern as people write it.
        value: what it says; null: nothing.
        link: what to edit; null: it is not stored here.
    """

    source: str
    location: str
    pattern: str | None
    # Any: slug patterns, or whether.
    value: Any
    link: Link | None


class RefusalItem(Struct, frozen=True):
    """Why the credential itself is refused.

    Attributes:
        code: of the error.
        message: for people.
    """

    code: str
    message: str


class CheckItem(Struct, frozen=True):
    """A check of a JWT.

    Attributes:
        name: which.
        passed: how it went.
        message: why not, for people.
    """

    name: str
    passed: bool
    message: str


class GrantItem(Struct, frozen=True, rename="camel"):
    """The least that would turn a denial round.

    Attributes:
        text: for people.
        source: the store to edit.
        pattern: the rule to edit or to add.
        is_new: there is no such rule yet.
        link: what to edit; null: it is not stored here.
    """

    text: str
    source: str
    pattern: str
    is_new: bool
    link: Link | None


class ExplainAnswer(Struct, frozen=True, rename="camel"):
    """The decision and why.

    Attributes:
        is_allowed: the verdict.
        reason: one line for people.
        lines: all of it, for people.
        action: as asked.
        path: as asked.
        slug: as asked; null: it is no download.
        rule: the rule that decided; null: the credential was refused.
        refusal: why the credential was refused.
        jwt_checks: the checks of the JWT that ran.
        smallest_grant: what would change a denial.
    """

    is_allowed: bool
    reason: str
    lines: list[str]
    action: str
    path: str
    slug: str | None
    rule: RuleItem | None
    refusal: RefusalItem | None
    jwt_checks: list[CheckItem]
    smallest_grant: GrantItem | None


class ReadersRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Who can read this file?

    Attributes:
        path: of the file.
        slug: the transformation.
    """

    path: PathText
    slug: Slug = "raw"


class Reader(Struct, frozen=True, rename="camel"):
    """A credential of the account.

    Attributes:
        kind: `apiKey`.
        id: of the key.
        name: of the key.
        is_allowed: whether it can read the file by itself.
        reason: one line for people.
        pattern: of the rule that decided.
    """

    kind: Literal["apiKey"]
    id: str
    name: str
    is_allowed: bool
    reason: str
    pattern: str | None


class ReadersAnswer(Struct, frozen=True, rename="camel"):
    """Who can read the file.

    Attributes:
        is_public: everybody can.
        public_rule: the folder setting that decides for everybody; null: there is none.
        items: every API key that is enabled.
        note: what the list cannot know.
    """

    is_public: bool
    public_rule: RuleItem | None
    items: list[Reader]
    note: str


class JwtTestRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A JWT to look at; it is not stored.

    Attributes:
        jwt: the token.
    """

    jwt: Annotated[str, Meta(min_length=1, max_length=20000)]


class JwtTestAnswer(Struct, frozen=True, rename="camel"):
    """What its checks say.

    Attributes:
        is_valid: all passed.
        checks: those that ran, in order.
        lifetime_warning: the token lives longer than is wise; null: it does not.
    """

    is_valid: bool
    checks: list[CheckItem]
    lifetime_warning: str | None


class PreviewRequest(Struct, frozen=True, rename="camel"):
    """What would change?

    Attributes:
        folder_path: the folder whose setting would change.
        public_permissions: as it would be; null: inherited from above.
    """

    folder_path: FolderPathText
    public_permissions: PublicPermissions | None = None


class PreviewExamples(Struct, frozen=True, rename="camel"):
    """Some of the files, at most five of each.

    Attributes:
        become_visible: paths.
        become_hidden: paths.
    """

    become_visible: list[str]
    become_hidden: list[str]


class PreviewAnswer(Struct, frozen=True, rename="camel"):
    """What would change.

    Attributes:
        is_exact: all folders were looked at; otherwise the numbers are of the first of them.
        become_visible: files that more can be read of by everybody.
        become_hidden: files that less can be read of by everybody.
        unchanged: the others below the folder.
        examples: some of them.
        stays_in_caches_seconds: how long caches may still hand out what becomes hidden.
    """

    is_exact: bool
    become_visible: int
    become_hidden: int
    unchanged: int
    examples: PreviewExamples
    stays_in_caches_seconds: int
