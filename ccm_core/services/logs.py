# SPDX-License-Identifier: MIT
"""What becomes of log events: JSON lines on stderr when serving, nothing on the console, which tells in sentences."""

from __future__ import annotations

import logging
import logging.config
import sys
from contextlib import suppress

import structlog
from structlog.typing import Processor

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)
_LEVEL = logging.INFO


class _Lines(structlog.WriteLogger):
    """Writes lines to stderr, or loses them: what they tell of has happened, and must not fail with a full disk."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    debug = info = warning = error = critical = msg


def stay_silent() -> None:
    """Drop all events: a command's own words tell what it did and why it failed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def write_json() -> None:
    """Write every event, ours and those of libraries, as one JSON line to stderr."""
    structlog.configure(
        processors=[*_SHARED, structlog.processors.JSONRenderer(sort_keys=True)],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVEL),
        logger_factory=lambda *_: _Lines(sys.stderr),
    )
    logging.config.dictConfig(library_logging())


def library_logging() -> dict[str, object]:
    """Return the settings of Python's own logging, which libraries use."""
    line = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        "foreign_pre_chain": [structlog.stdlib.add_logger_name, *_SHARED],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": line},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": _LEVEL},
        "loggers": {},
    }
