"""What can go wrong with Redis, as values of this project: a reason from a short fixed list."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

_REASON_BY_CODE: Final = {
    "NOPERM": "noperm",
    "NOAUTH": "noperm",
    "WRONGPASS": "noperm",
    "WRONGTYPE": "wrongtype",
    "MASTERDOWN": "replica",
}

_SERVER_WIDE_CODES: Final = frozenset(
    {"LOADING", "NOAUTH", "WRONGPASS", "MASTERDOWN", "CLUSTERDOWN", "BUSY"}
)
"""Errors that say nothing about one stream: every command of this connection would get them."""


class Unreadable(Exception):  # noqa: N818 - a state of the server, not a mistake of the program
    """Redis as a whole could not be read in this scrape; `reason` is one of ERROR_REASONS."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class ConnectionLostError(Unreadable):
    """A connection that stood broke; a new one may well work."""

    def __init__(self, detail: str) -> None:
        super().__init__("connection", detail)


class Redirect(NamedTuple):
    """Where a node of a cluster says that a key is; `host` is empty for the node's own host.

    With `asking` the slot is on its way there, and every command must be announced by ASKING.
    """

    host: str
    port: int
    asking: bool


class ErrorReply(NamedTuple):
    """An error as Redis sent it, for one command."""

    code: str
    text: str

    @classmethod
    def parse(cls, line: str) -> ErrorReply:
        """Split `CODE rest of the line`; the wording differs between servers, the code does not."""
        code, _, text = line.partition(" ")
        return cls(code, text)

    def __str__(self) -> str:
        return f"{self.code} {self.text}"

    @property
    def reason(self) -> str:
        """The reason under which this error is counted."""
        return _REASON_BY_CODE.get(self.code, "other")

    @property
    def is_server_wide(self) -> bool:
        """Tell whether the error concerns the server or the login rather than one stream."""
        return self.code in _SERVER_WIDE_CODES and not self.says_unserved

    @property
    def says_unserved(self) -> bool:
        """Tell whether a node of a cluster knows of no node that serves the key."""
        return self.code == "CLUSTERDOWN" and "not served" in self.text

    @property
    def redirect(self) -> Redirect | None:
        """Where the key is instead (`MOVED 3999 host:port`, or ASK); None for any other error."""
        if self.code not in ("MOVED", "ASK"):
            return None
        host, _, port = self.text.rpartition(" ")[2].rpartition(":")
        if not port.isdecimal():
            return None
        return Redirect("" if host == "?" else host, int(port), self.code == "ASK")

    @property
    def says_syntax(self) -> bool:
        """Tell whether an argument is unknown, as to old servers and some proxies."""
        return self.code == "ERR" and "syntax" in self.text.lower()

    @property
    def says_gone(self) -> bool:
        """Tell whether the key or the group does not exist (any more)."""
        return self.code == "NOGROUP" or (self.code == "ERR" and "no such key" in self.text)


def error_of(reply: Any) -> ErrorReply | None:
    """Return the reply if it is an error of one command; raises Unreadable if of all of them."""
    return not_server_wide(reply) if isinstance(reply, ErrorReply) else None


def not_server_wide(error: ErrorReply) -> ErrorReply:
    """Return the error of one command; raises Unreadable if it is the error of all of them."""
    if error.is_server_wide:
        raise Unreadable(error.reason, str(error))
    return error
