"""What a failure of the SQLite driver means to a caller."""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import DBAPIError

from byteward.errors import BytewardError, ErrorCode

# Primary result codes of SQLite (https://sqlite.org/rescode.html); extended ones carry them in
# their low byte.
_BUSY: Final = 5
_LOCKED: Final = 6
_IOERR: Final = 10
CORRUPT: Final = 11
_FULL: Final = 13
_CANTOPEN: Final = 14
NOT_A_DATABASE: Final = 26
_FAILURES: Final = frozenset({_IOERR, CORRUPT, _CANTOPEN, NOT_A_DATABASE})


def primary_code(error: BaseException) -> int | None:
    """SQLite's primary result code of a driver error, wrapped by SQLAlchemy or bare."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def is_device_failure(error: BaseException) -> bool:
    """Whether the error says that the file cannot be trusted any more."""
    return primary_code(error) in _FAILURES


def public_error(error: BaseException) -> BytewardError | None:
    """The error to raise in place of a driver error; None when it means something to the caller.

    A constraint that failed is the caller's to understand, so it is passed on as it is.
    """
    code = primary_code(error)
    if code == _FULL:
        return BytewardError(
            ErrorCode.INSUFFICIENT_STORAGE, "the volume of the database is full, free some space"
        )
    if code in {_BUSY, _LOCKED}:
        return overloaded("the database is busy, try again")
    if code in _FAILURES:
        return failed()
    return None


def overloaded(message: str) -> BytewardError:
    """`overloaded` with the header that says when to come back."""
    return BytewardError(ErrorCode.OVERLOADED, message, headers={"retry-after": "1"})


def failed() -> BytewardError:
    """`storage_error` for a database whose file failed."""
    return BytewardError(ErrorCode.STORAGE_ERROR, "the database cannot be read or written")
