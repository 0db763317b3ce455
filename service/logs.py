"""Structured logs: one JSON object a line on stderr. Never a name, a number, a frame or a plaintext."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger


def configure_logging(process: str, level: str = "info") -> None:
    """Set up structlog for this process; every line carries the process name."""

    def add_process(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
        # Not by context variables: a server's worker threads do not inherit them.
        return {"process": process, **line}

    structlog.configure(
        processors=[
            add_process,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
