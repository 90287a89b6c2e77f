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

HELLO: Final = packed(b"HELLO", b"2")
"""Tells the role, and needs no right at all: nobody is denied it, so ACL LOG stays as it is."""

PROBE: Final = packed(b"SCAN", b"0", b"COUNT", b"1", b"TYPE", b"stream")
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
_XRANGE_END: Final = bulk(b"+") + bulk(b"COUNT") + bulk(b"1")


def after(entry_id: tuple[int, int]) -> Packed:
    """Pack the beginning of a range that excludes an ID."""
    ms, seq = entry_id
    return bulk(f"({ms}-{seq}".encode())  # half the time of bytes' own formatting


def oldest_pending(key: bytes, group: bytes) -> Packed:
    """Ask for the pending entry with the smallest ID."""
    return _XPENDING + key + group + _XPENDING_END


def oldest_after(key: bytes, entry_id: tuple[int, int]) -> Packed:
    """Ask for the first entry behind an ID."""
    return _XRANGE + key + after(entry_id) + _XRANGE_END
