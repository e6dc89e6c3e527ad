"""What the HTTP server says about itself, as events of our own log."""

from __future__ import annotations

import logging
from typing import Any, Final

from byteward.telemetry.log import get_logger


class EventHandler(logging.Handler):
    """Passes records of the standard library's logging on as structured events."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one event; a traceback stays with it."""
        log = get_logger()
        write = log.error if record.levelno >= logging.ERROR else log.warning
        write("server.message", message=record.getMessage(), exc_info=record.exc_info)


# Any: the schema of logging.config.dictConfig is open.
LOGGING: Final[dict[str, Any]] = {
    "formatters": {},
    "handlers": {"events": {"class": f"{__name__}.EventHandler"}},
    "loggers": {"_granian": {"handlers": ["events"], "propagate": False}},
}
