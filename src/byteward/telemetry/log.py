"""Structured log events: one line each, with secrets and control characters taken out at the sink.

Events are dotted, past-tense names (`upload.completed`) with fixed keys. User text appears only as
a value. Nothing secret may be passed to a logger; the redaction here is the second line of defence.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Final, Literal

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

# API keys, three-segment tokens, and the secret parts of URLs.
_SECRETS: Final = re.compile(
    r"(?:public|secret)_[1-9A-HJ-NP-Za-km-z]{7}\S*"
    r"|[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"
    r"|\b(?:sig|enc|token)=[^&\s]+"
)
_SECRET_KEYS: Final = frozenset(
    {"authorization", "authorization_token", "cookie", "password", "secret", "token", "sig", "enc"}
)
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_STARS: Final = "***"


def configure_logging(
    *, log_format: Literal["console", "json"], level: str, max_field_bytes: int
) -> None:
    """Set up the process's logs on standard error; called once by each process at its start.

    Args:
        log_format: `json` for one JSON object a line, `console` for people.
        level: least level that is written: debug, info, warning or error.
        max_field_bytes: longer text values are cut and marked with `…`.
    """
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _Sink(max_field_bytes),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def get_logger() -> FilteringBoundLogger:
    """A logger; it takes its settings when it is first used, so modules may hold one."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


class _Sink:
    """Cuts, redacts and makes visible every text value of an event."""

    def __init__(self, max_field_bytes: int) -> None:
        self._max_field_bytes = max_field_bytes

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {name: self._clean(name, value) for name, value in event.items()}

    def _clean(self, name: str, value: object) -> object:
        if name in _SECRET_KEYS:
            return _STARS
        if not isinstance(value, str):
            return value
        text = _SECRETS.sub(_STARS, value)
        if name != "exception":
            text = _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
            if len(text.encode("utf-8", "replace")) > self._max_field_bytes:
                cut = text.encode("utf-8", "replace")[: self._max_field_bytes]
                text = cut.decode("utf-8", "ignore") + "…"
        return text
