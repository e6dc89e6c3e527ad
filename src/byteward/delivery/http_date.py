"""HTTP dates (pure; RFC 9110 §5.6.7): one form is written, all three are read."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Final

_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_MONTH: Final = "(?P<month>" + "|".join(_MONTHS) + ")"
_TIME: Final = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_FORMS: Final = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"[A-Z][a-z]{{2}}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT",
        rf"[A-Z][a-z]{{5,8}}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT",
        rf"[A-Z][a-z]{{2}} {_MONTH} (?P<day>[0-9 ][0-9]) {_TIME} (?P<year>[0-9]{{4}})",
    )
)
_TWO_DIGIT_YEARS: Final = 100
_PIVOT: Final = 70


def format_http_date(unix_seconds: int) -> str:
    """`Thu, 02 Jan 2025 03:04:05 GMT`."""
    return formatdate(unix_seconds, usegmt=True)


def parse_http_date(text: str) -> int | None:
    """Unix seconds of an HTTP date, None when it is not one (such a header is ignored)."""
    match = next((found for form in _FORMS if (found := form.fullmatch(text))), None)
    if match is None:
        return None
    year = int(match["year"])
    if year < _TWO_DIGIT_YEARS:
        year += 1900 if year >= _PIVOT else 2000
    try:
        moment = datetime(
            year,
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            min(int(match["second"]), 59),  # a leap second is the last second of its minute
            tzinfo=UTC,
        )
    except ValueError:
        return None
    return int(moment.timestamp())
