"""Who may transform next: a bounded queue that no account can fill alone (pure)."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from byteward.errors import BytewardError, ErrorCode

T = TypeVar("T")

RETRY_AFTER: Final = {"retry-after": "1"}


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """Bounds of the queue.

    Attributes:
        slots: transformations that run at once.
        queue: requests that wait.
    """

    slots: int
    queue: int


class AdmissionQueue(Generic[T]):
    """Accounts take turns; each of them waits in its own order.

    While others wait, an account has at most half of the slots and of the queue.

    Args:
        limits: bounds.
    """

    def __init__(self, limits: AdmissionLimits) -> None:
        self._limits = limits
        self._waiting: OrderedDict[str, deque[T]] = OrderedDict()
        self._running: dict[str, int] = {}

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return sum(len(line) for line in self._waiting.values())

    @property
    def running(self) -> int:
        """Requests that run."""
        return sum(self._running.values())

    def enter(self, account_id: str, request: T) -> None:
        """Wait for a turn.

        Raises:
            BytewardError: `rate_limit_exceeded` when the account has its share of the queue
                already, `overloaded` when the queue is full.
        """
        line = self._waiting.get(account_id)
        others = self.waiting - (len(line) if line else 0)
        if line and others and len(line) >= max(1, self._limits.queue // 2):
            raise BytewardError(
                ErrorCode.RATE_LIMIT_EXCEEDED,
                "the account has too many transformations waiting, try again in a moment",
                headers=RETRY_AFTER,
            )
        if self.waiting >= self._limits.queue:
            raise BytewardError(
                ErrorCode.OVERLOADED,
                "too many transformations are waiting, try again in a moment",
                headers=RETRY_AFTER,
            )
        self._waiting.setdefault(account_id, deque()).append(request)

    def leave(self, account_id: str, request: T) -> None:
        """Wait no longer."""
        line = self._waiting.get(account_id)
        if line is not None and request in line:
            line.remove(request)
            if not line:
                del self._waiting[account_id]

    def next(self) -> tuple[str, T] | None:
        """Whose turn it is; None when every slot is taken or nobody may go."""
        if self.running >= self._limits.slots:
            return None
        half = max(1, self._limits.slots // 2)
        for account_id in self._waiting:
            if len(self._waiting) > 1 and self._running.get(account_id, 0) >= half:
                continue
            return account_id, self._take(account_id)
        return None

    def _take(self, account_id: str) -> T:
        line = self._waiting[account_id]
        request = line.popleft()
        if line:
            self._waiting.move_to_end(account_id)
        else:
            del self._waiting[account_id]
        self._running[account_id] = self._running.get(account_id, 0) + 1
        return request

    def done(self, account_id: str) -> None:
        """A slot is free again."""
        left = self._running[account_id] - 1
        if left:
            self._running[account_id] = left
        else:
            del self._running[account_id]
