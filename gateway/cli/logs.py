"""What the long-running commands log: one JSON object a line, on standard error."""

import sys

import structlog


def configure() -> None:
    """Send what is logged to standard error, with level and time (UTC). Tracebacks carry no values of variables."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
