"""Downloads that were allowed a moment ago, for the very same question asked again.

An entry answers only while everything that the decision was made from is what it was: the target,
the caller, and the account's authority (see `Guard.standing`: keys, certificates, and permissions
of folders). Refusals are not kept, and what an entry says is exactly what deciding again would.

Entries are by target and caller, and bounded by what they weigh; how many folders or rules an
account has plays no part.
"""

from __future__ import annotations

from typing import Final, Generic, TypeVar

from msgspec import Struct

from byteward.delivery.request import DeliveryRequest
from byteward.permissions.lru import WeightedLru

T = TypeVar("T")

Asker = bytes | None
"""`RequestHeaders.identity` of the request; None for what everybody gets."""

MAX_BYTES: Final = 16_777_216
_ENTRY_BYTES: Final = 1500
_PAIR_BYTES: Final = 300


class _Entry(Struct, Generic[T], frozen=True):
    request: DeliveryRequest
    standing: object
    until: float
    grant: T


class GrantCache(Generic[T]):
    """Grants of one worker.

    Requests are told apart by identity, which is cheaper than by value; the same target is parsed
    into the same object for as long as it is remembered.
    """

    __slots__ = ("_entries",)

    def __init__(self) -> None:
        self._entries: WeightedLru[tuple[int, Asker], _Entry[T]] = WeightedLru(MAX_BYTES)

    def get(self, request: DeliveryRequest, asker: Asker, standing: object, now: float) -> T | None:
        """The grant, if everything it was made from is the same.

        Args:
            request: parsed from the target, account included.
            asker: who it was made for.
            standing: of the account, as confirmed by this request.
            now: Unix seconds.
        """
        entry = self._entries.get((id(request), asker))
        if (
            entry is None
            # INVARIANT: an entry holds its request, so no other can have the same id meanwhile.
            or entry.request is not request
            or entry.standing is not standing
            or now >= entry.until
        ):
            return None
        return entry.grant

    def put(
        self,
        request: DeliveryRequest,
        asker: Asker,
        standing: object,
        grant: T,
        until: float,
        target_bytes: int,
    ) -> None:
        """Remember what was granted to a request with this standing.

        Args:
            request: as for `get`, as are `asker` and `standing`.
            asker: see there.
            standing: see there.
            grant: the answer.
            until: Unix seconds at which it has to be asked for anew.
            target_bytes: length of the target, which bounds what `request` holds.
        """
        weight = _ENTRY_BYTES + 2 * target_bytes + _PAIR_BYTES * len(request.pairs)
        entry = _Entry(request, standing, until, grant)
        self._entries.put((id(request), asker), entry, weight)
