"""A stream that could not be read, and why."""

from __future__ import annotations

from typing import Final, NamedTuple

from streamgauge.source.errors import ErrorReply, Redirect
from streamgauge.source.keys import Subject

GONE: Final = "gone"
"""The reason of a key that does not exist: not an error, but not a reading either."""


class StreamError(NamedTuple):
    """A key that could not be read; `reason` is one of ERROR_REASONS, or GONE.

    In a cluster another node may have it: the one of `redirect`, or (`unserved`) an unknown one.
    """

    name: bytes
    reason: str
    detail: str
    redirect: Redirect | None = None
    unserved: bool = False

    @property
    def subject(self) -> Subject:
        """What could not be read."""
        return self.name


def stream_error(name: bytes, command: str, error: ErrorReply) -> StreamError:
    """Say what an error reply to one of its commands means for a stream."""
    reason = GONE if error.says_gone else error.reason
    return StreamError(name, reason, f"{command}: {error}", error.redirect, error.says_unserved)


def malformed(name: bytes, command: str, problem: Exception) -> StreamError:
    """Say that a reply has another shape than Redis documents."""
    return StreamError(name, "protocol", f"{command}: {problem}")
