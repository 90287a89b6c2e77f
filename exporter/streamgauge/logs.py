"""Log lines: a constant event and key=value pairs, as logfmt or JSON."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import sys
from typing import Any, Final, TextIO

LEVELS: Final = ("debug", "info", "warn", "error")
FORMATS: Final = ("logfmt", "json")

_NEEDS_NO_QUOTES: Final = re.compile(r"[^ \"=\\]+")
_MOST_SHOWN: Final = 2_000
_LEVEL_NAMES: Final = {"WARNING": "warn", "CRITICAL": "error"}


class EventLog:
    """Writes events of one part of the program; the fields go into the line as they are."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"streamgauge.{name}")

    def debug(self, event: str, **fields: Any) -> None:
        """Say what only somebody looking for a fault wants to know."""
        self._logger.debug(event, extra={"fields": fields})

    def info(self, event: str, **fields: Any) -> None:
        """Say what happened in normal operation."""
        self._logger.info(event, extra={"fields": fields})

    def warning(self, event: str, **fields: Any) -> None:
        """Say what an operator should look at."""
        self._logger.warning(event, extra={"fields": fields})

    def error(self, event: str, **fields: Any) -> None:
        """Say what does not work."""
        self._logger.error(event, extra={"fields": fields})

    def exception(self, event: str, **fields: Any) -> None:
        """Say that the program met a fault of its own, with the place in the code."""
        self._logger.exception(event, extra={"fields": fields})  # noqa: LOG004 - its callers are


def configure(level: str, line_format: str, stream: TextIO = sys.stderr) -> None:
    """Send all log lines of the process to `stream`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonFormatter() if line_format == "json" else _LogfmtFormatter())
    logging.basicConfig(
        level=logging.WARNING if level == "warn" else level.upper(), handlers=[handler], force=True
    )


class _EventFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
        line = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": _LEVEL_NAMES.get(record.levelname, record.levelname.lower()),
            "msg": record.getMessage(),
            **{key: _shortened(value) for key, value in getattr(record, "fields", {}).items()},
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return self.render(line)

    def render(self, line: dict[str, Any]) -> str:
        raise NotImplementedError


def _shortened(value: Any) -> Any:
    """Names may be as long as half a gigabyte; a line of the log is not."""
    if not isinstance(value, str) or len(value) <= _MOST_SHOWN:
        return value
    return f"{value[:_MOST_SHOWN]}… ({len(value):,} characters)"


class _JsonFormatter(_EventFormatter):
    def render(self, line: dict[str, Any]) -> str:
        return json.dumps(line, default=str)


class _LogfmtFormatter(_EventFormatter):
    def render(self, line: dict[str, Any]) -> str:
        return " ".join(f"{key}={_logfmt(value)}" for key, value in line.items())


def _logfmt(value: Any) -> str:
    text = str(value)
    # What is not printable acts on terminals: controls of all kinds, and marks of direction.
    is_plain = text.isprintable() and _NEEDS_NO_QUOTES.fullmatch(text)
    return text if is_plain else json.dumps(text)
