"""What a failure of an account's store means to a caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from byteward.errors import BytewardError, ErrorCode
from byteward.outbound.model import Failure, OutboundError
from byteward.telemetry.log import get_logger

GATEWAY_TIMEOUT = 504
REQUEST_TIMEOUT = 408


@contextmanager
def outbound_failures() -> Iterator[None]:
    """Turn failed requests into `origin_error` and `origin_timeout`."""
    try:
        yield
    except OutboundError as error:
        raise failure(error) from None


def failure(error: OutboundError) -> BytewardError:
    """The error that a caller is told; the reason stays in the log."""
    if error.failure is Failure.TIMEOUT:
        return _timeout()
    return BytewardError(
        ErrorCode.ORIGIN_ERROR, "the store behind this folder could not be reached"
    )


def refused(status: int, code: str | None = None) -> BytewardError:
    """The error for an answer that is no success.

    Args:
        status: of the answer.
        code: the store's own word for it; for the log.
    """
    get_logger().info("external_store.refused", status=status, code=code)
    if status in {REQUEST_TIMEOUT, GATEWAY_TIMEOUT}:
        return _timeout()
    return BytewardError(
        ErrorCode.ORIGIN_ERROR,
        f"the store behind this folder answered with status {status}",
        details={"status": status},
    )


def damaged(what: str) -> BytewardError:
    """The error for an answer that breaks the protocol."""
    get_logger().warning("external_store.damaged", what=what)
    return BytewardError(
        ErrorCode.ORIGIN_ERROR, "the store behind this folder gave an answer that is not usable"
    )


def _timeout() -> BytewardError:
    return BytewardError(ErrorCode.ORIGIN_TIMEOUT, "the store behind this folder was too slow")
