"""The commands of a scrape, packed for the wire; what never varies is packed once.

A key or a group's name goes into several commands, so it is packed once too, by `bulk`.
"""

from __future__ import annotations

from typing import Final

import hiredis

Command = tuple[bytes, ...]
"""A command and its arguments."""

Packed = bytes
"""A command as it goes over the wire."""


def packed(*command: bytes) -> Packed:
    """Pack a whole command."""
    found: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # bytes will do
    return found


def bulk(text: bytes) -> bytes:
    """Pack one argument."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


def opening(arguments: int, *first: bytes) -> bytes:
    """Begin a command of so many arguments, its name among them, with the first of these."""
    return b"*%d\r\n" % arguments + b"".join(map(bulk, first))


TIME: Final = packed(b"TIME")

HELLO: Final = packed(b"HELLO", b"2", b"SETNAME", b"streamgauge")
"""Tells mode and role, names the connection, and needs no right at all: nobody is denied it."""

ROLE: Final = packed(b"ROLE")
INFO_SERVER: Final = packed(b"INFO", b"server")
NO_TOUCH: Final = packed(b"CLIENT", b"NO-TOUCH", b"ON")

PROBE: Final = packed(b"SCAN", b"0", b"COUNT", b"1")
"""Makes sure that an empty answer comes from an empty server and not from an unreadable one.

TIME is answered even while the data set is being loaded; a step of SCAN is not."""

XINFO_STREAM: Final = opening(3, b"XINFO", b"STREAM")
"""Complete with a key; XINFO_GROUPS likewise."""

XINFO_GROUPS: Final = opening(3, b"XINFO", b"GROUPS")

XINFO_CONSUMERS: Final = opening(4, b"XINFO", b"CONSUMERS")
"""Complete with a key and a group."""

_XPENDING: Final = opening(6, b"XPENDING")
_XPENDING_END: Final = bulk(b"-") + bulk(b"+") + bulk(b"1")
_XRANGE: Final = opening(6, b"XRANGE")
_XRANGE_END: Final = bulk(b"+") + bulk(b"COUNT")
_ONE: Final = bulk(b"1")
_XPENDING_SUMMARY: Final = opening(3, b"XPENDING")

MOST_COUNTED: Final = 10
"""Of the entries behind a cursor; one more is asked for, which means that there are more."""

_FEW: Final = bulk(b"%d" % (MOST_COUNTED + 1))


def after(entry_id: tuple[int, int]) -> Packed:
    """Pack the beginning of a range that excludes an ID."""
    ms, seq = entry_id
    return bulk(f"({ms}-{seq}".encode())  # half the time of bytes' own formatting


def oldest_pending(key: bytes, group: bytes) -> Packed:
    """Ask for the pending entry with the smallest ID."""
    return _XPENDING + key + group + _XPENDING_END


def oldest_after(key: bytes, entry_id: tuple[int, int]) -> Packed:
    """Ask for the first entry behind an ID."""
    return _XRANGE + key + after(entry_id) + _XRANGE_END + _ONE


def few_after(key: bytes, entry_id: tuple[int, int]) -> Packed:
    """Ask for the first entries behind an ID, so that few of them can be counted."""
    return _XRANGE + key + after(entry_id) + _XRANGE_END + _FEW


def pending_by_consumer(key: bytes, group: bytes) -> Packed:
    """Ask how much is pending, and how much of it each consumer has."""
    return _XPENDING_SUMMARY + key + group
