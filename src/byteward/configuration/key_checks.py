"""What the values of an API key in a document mean (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from msgspec import UnsetType

from byteward.access.origins import normalise_origin
from byteward.access.policy import PolicyError, parse_path_permissions, parse_tag_permissions
from byteward.accounts.model import BytesLimit, RateLimit, UploadLocation
from byteward.configuration.document import KeyDocument
from byteward.configuration.source import Path, Problems
from byteward.errors import BytewardError
from byteward.files.path_variables import expand, variable_values
from byteward.files.tags import MAX_TAGS, is_tag
from byteward.ids import API_KEY_ID
from byteward.paths import MAX_CODE_POINTS
from byteward.strict_base64 import decode_base64

SECURE_URL_KEY_BYTES: Final = 32

_KEY_BODY: Final = re.compile(r"[A-Za-z0-9_-]{0,200}", re.ASCII)
_MAX_RATE_COUNT: Final = 1_000_000_000
_MAX_RATE_BYTES: Final = 2**53
_MAX_RATE_SECONDS: Final = 31_536_000
_MILLISECONDS_FROM: Final = 100_000_000_000
_LIST_STEP: Final = re.compile(r"\$[0-9]{1,9}", re.ASCII)


def check_key(key: KeyDocument, account_id: str, problems: Problems) -> None:
    """Add what is wrong with an element of `apiKeys`."""
    if isinstance(key.id, UnsetType) and isinstance(key.name, UnsetType):
        problems.add((), "needs an `id` or a `name`")
    if isinstance(key.id, str) and not API_KEY_ID.fullmatch(key.id):
        problems.add(("id",), "must be 8 base58 characters (no 0, O, I, l)")
    if isinstance(key.expires_at, int) and key.expires_at > _MILLISECONDS_FROM:
        problems.add(("expiresAt",), "is in seconds; this looks like milliseconds")
    check_origins(key.allowed_origins, ("allowedOrigins",), problems)
    _check_secrets(key, account_id, problems)
    _check_permissions(key, problems)
    _check_uploads(key, problems)


def _check_secrets(key: KeyDocument, account_id: str, problems: Problems) -> None:
    if isinstance(key.key, str):
        _check_text(key.key, key.kind, account_id, problems)
    if isinstance(key.secure_url_key, str):
        secret = decode_base64(key.secure_url_key)
        if secret is None or len(secret) != SECURE_URL_KEY_BYTES:
            problems.add(("secureUrlKey",), f"must be {SECURE_URL_KEY_BYTES} bytes in Base64")


def _check_uploads(key: KeyDocument, problems: Problems) -> None:
    tags = key.tags or ()
    for index, tag in enumerate(tags):
        if not is_tag(tag):
            problems.add(("tags", index), "must be 1 to 255 of A-Z a-z 0-9 . , / = _ + -")
    if len(tags) > MAX_TAGS:
        problems.add(("tags",), f"has more than {MAX_TAGS} tags")
    if isinstance(key.default_upload_path, UploadLocation):
        _check_location(key.default_upload_path, problems.under("defaultUploadPath"))
    check_rates(key.upload_rate_limit, key.upload_bytes_limit, problems)


def check_rates(
    count: RateLimit | UnsetType | None, volume: BytesLimit | UnsetType | None, problems: Problems
) -> None:
    """Add what is wrong with the upload rates of an API key or of a tag rule."""
    if isinstance(count, RateLimit):
        at = problems.under("uploadRateLimit")
        _check_rate(count.count, count.seconds, "count", _MAX_RATE_COUNT, at)
    if isinstance(volume, BytesLimit):
        at = problems.under("uploadBytesLimit")
        _check_rate(volume.bytes, volume.seconds, "bytes", _MAX_RATE_BYTES, at)


def _check_rate(amount: int, seconds: int, name: str, most: int, problems: Problems) -> None:
    if not 1 <= amount <= most:
        problems.add((name,), f"must be 1 to {most}")
    if not 1 <= seconds <= _MAX_RATE_SECONDS:
        problems.add(("seconds",), f"must be 1 to {_MAX_RATE_SECONDS}")


def _check_text(text: str, kind: str | UnsetType, account_id: str, problems: Problems) -> None:
    kinds = (kind,) if isinstance(kind, str) else ("secret", "public")
    for wanted in kinds:
        start = f"{wanted}_{account_id}"
        if text.startswith(start) and _KEY_BODY.fullmatch(text[len(start) :]):
            return
    wanted = " or ".join(f"`{kind}_{account_id}`" for kind in kinds)
    problems.add(("key",), f"must be {wanted} followed by up to 200 letters, digits, `_` and `-`")


def _check_permissions(key: KeyDocument, problems: Problems) -> None:
    if isinstance(key.path_permissions, list):
        entries = key.path_permissions
        check_policy(
            lambda: parse_path_permissions(entries, where="pathPermissions", is_token=False),
            problems,
        )
    if isinstance(key.tag_permissions, dict):
        tags = key.tag_permissions
        check_policy(
            lambda: parse_tag_permissions(tags, where="tagPermissions", is_token=False), problems
        )


def check_policy(read: Callable[[], object], problems: Problems) -> None:
    """Add the fault that `read` finds, at the position that it names."""
    try:
        read()
    except PolicyError as error:
        steps = error.where.split(".")
        path = tuple(int(step[1:]) if _LIST_STEP.fullmatch(step) else step for step in steps)
        problems.add(path, error.message)


def _check_location(location: UploadLocation, problems: Problems) -> None:
    values = variable_values(0, "", "")
    if not location.folder_path.startswith("/"):
        problems.add(("folderPath",), "must start with `/`")
    if "/" in location.file_name or not location.file_name:
        problems.add(("fileName",), "must be a name without `/`")
    for name, template in (("folderPath", location.folder_path), ("fileName", location.file_name)):
        if len(template) > MAX_CODE_POINTS:
            problems.add((name,), f"is longer than {MAX_CODE_POINTS} characters")
        try:
            expand(template, values)
        except BytewardError as error:
            problems.add((name,), error.message)


def check_origins(origins: tuple[str, ...] | UnsetType, path: Path, problems: Problems) -> None:
    """Add each element that is no web origin."""
    if isinstance(origins, UnsetType):
        return
    for index, origin in enumerate(origins):
        if normalise_origin(origin) is None:
            problems.add((*path, index), "must be an origin such as `https://app.example.com`")
