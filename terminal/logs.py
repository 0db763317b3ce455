"""Structured logs: one JSON object a line on stderr. Never a name, a number, a frame or a plaintext."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

import structlog


def configure_logging(level: str) -> None:
    """Set up structlog and, for the libraries, the standard library's logging in the same form."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_StderrLogger,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_ClassOnlyHandler()], force=True)


class _StderrLogger:
    """Writes lines to stderr, and goes without where nobody reads them: a log must not stop a guest."""

    def msg(self, line: str) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    debug = info = warning = error = msg


class _ClassOnlyHandler(logging.Handler):
    """Passes on where a library complains and the class of the exception; its text may quote a guest."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        structlog.get_logger().warning(
            "library complains", logger=record.name, severity=record.levelname, line=record.lineno, error=error
        )
