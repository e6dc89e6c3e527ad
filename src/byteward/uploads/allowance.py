"""Which limits an upload falls under: of the account, of its API key and of its tags (pure)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from byteward.accounts.model import Account, ApiKey, BytesLimit, RateLimit, TagRule
from byteward.errors import BytewardError, ErrorCode
from byteward.identity.caller import Caller
from byteward.identity.rate_limit import Demand, client_network


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one upload may take.

    Attributes:
        max_bytes: largest file.
        counts: uploads that are counted, with an amount of 1 each.
        volumes: bytes that are counted; their amount is the size of the file.
    """

    max_bytes: int
    counts: tuple[Demand, ...] = ()
    volumes: tuple[Demand, ...] = ()

    @property
    def is_counted(self) -> bool:
        """Whether any rate applies."""
        return bool(self.counts or self.volumes)

    def demands(self, size_bytes: int) -> tuple[Demand, ...]:
        """What an upload of this size takes of each limit."""
        volumes = tuple(
            Demand(each.subject, each.limit, each.seconds, size_bytes, each.what)
            for each in self.volumes
        )
        return self.counts + volumes

    def check_size(self, size_bytes: int) -> None:
        """Refuse a file that is too large.

        Raises:
            BytewardError: `file_too_large`.
        """
        if size_bytes > self.max_bytes:
            raise BytewardError(
                ErrorCode.FILE_TOO_LARGE,
                f"the file has {size_bytes} bytes; up to {self.max_bytes} are taken",
                details={"maxSize": self.max_bytes, "size": size_bytes},
            )


@dataclass(frozen=True, slots=True)
class Headroom:
    """How many bytes may come before a limit is passed that other uploads share.

    Attributes:
        size_bytes: what was left of the limit when the upload began.
        refusal: what the upload is told past it.
    """

    size_bytes: int
    refusal: BytewardError


async def bounded(body: AsyncIterator[bytes], headroom: Headroom | None) -> AsyncIterator[bytes]:
    """The body, refused as soon as it is larger than the headroom."""
    received = 0
    async for chunk in body:
        received += len(chunk)
        if headroom is not None and received > headroom.size_bytes:
            raise headroom.refusal
        yield chunk


def allowance_of(account: Account, caller: Caller, tags: Sequence[str]) -> Allowance:
    """The limits on an upload.

    Args:
        account: its settings and tag rules.
        caller: its key's limits count for each client address.
        tags: all tags of the file; rules of its tags count for all callers together.
    """
    sizes = [account.settings.max_upload_bytes]
    counts: list[Demand] = []
    volumes: list[Demand] = []
    if caller.key is not None:
        _add_key(caller.key, client_network(caller.client_ip), sizes, counts, volumes)
    for rule in account.tag_rules:
        if rule.tag in tags:
            _add_rule(account.account_id, rule, sizes, counts, volumes)
    # A file larger than a whole period's bytes can never pass, so waiting is no advice.
    sizes += [each.limit for each in volumes]
    return Allowance(min(sizes), tuple(counts), tuple(volumes))


def _add_key(
    key: ApiKey, address: str, sizes: list[int], counts: list[Demand], volumes: list[Demand]
) -> None:
    if key.max_upload_bytes is not None:
        sizes.append(key.max_upload_bytes)
    where = "with this API key from this address"
    subject = f"key {key.key_id} {address}"
    counts += _counted(key.upload_rate_limit, subject, where)
    volumes += _summed(key.upload_bytes_limit, subject, where)


def _add_rule(
    account_id: str,
    rule: TagRule,
    sizes: list[int],
    counts: list[Demand],
    volumes: list[Demand],
) -> None:
    if rule.max_upload_bytes is not None:
        sizes.append(rule.max_upload_bytes)
    where, subject = f"with the tag `{rule.tag}`", f"tag {account_id} {rule.tag}"
    counts += _counted(rule.upload_rate_limit, subject, where)
    volumes += _summed(rule.upload_bytes_limit, subject, where)


def _counted(limit: RateLimit | None, subject: str, where: str) -> list[Demand]:
    if limit is None:
        return []
    return [Demand(f"{subject} uploads", limit.count, limit.seconds, 1, f"uploads {where}")]


def _summed(limit: BytesLimit | None, subject: str, where: str) -> list[Demand]:
    if limit is None:
        return []
    what = f"bytes uploaded {where}"
    return [Demand(f"{subject} bytes", limit.bytes, limit.seconds, 0, what)]
