"""Replies of the commands that read, by field name: order and fields differ by version.

Every function raises one of MALFORMED when a reply has another shape than Redis documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from operator import itemgetter
from typing import Any, Final, NamedTuple

from streamgauge.model.ids import StreamId
from streamgauge.model.readings import GroupReading, PendingReading, StreamReading
from streamgauge.model.records import Consumer, Idempotence, new_consumer

MALFORMED: Final = (TypeError, ValueError, KeyError, IndexError, AttributeError)
_LATEST_US: Final = 32_503_680_000_000_000
"""The year 3000: what is later is no time, and calendars end not long after."""

_NO_INTEGER: Final = "an integer was expected"
_NO_TEXT: Final = "a bulk string was expected"
_NO_SUCH_KEY: Final = -2
_IDMP_FIELDS: Final = (
    *(b"idmp-duration", b"idmp-maxsize", b"pids-tracked"),
    *(b"iids-tracked", b"iids-added", b"iids-duplicates"),
)
"""Of Redis 8.6 and newer."""

_RUN_ID: Final = re.compile(rb"^run_id:(\w+)", re.MULTILINE)
_ROLES: Final = {b"master": "master", b"replica": "slave", b"slave": "slave"}


def by_name(reply: Any) -> dict[bytes, Any]:
    """Return all values by name; raises TypeError or ValueError for anything but such a list."""
    if not isinstance(reply, list):
        raise TypeError("a list was expected")
    pairs = iter(reply)
    return dict(zip(pairs, pairs, strict=True))


class _Layout(NamedTuple):
    """Where the fields stood in a reply of some length."""

    names_of: Callable[[Sequence[Any]], tuple[Any, ...]]
    names: tuple[bytes, ...]
    values_of: Callable[[Sequence[Any]], tuple[Any, ...]]
    missing: tuple[None, ...]


class Fields:
    """Reads the same fields from reply after reply; at least two.

    Order and number of the fields differ between versions, but all replies of one server are alike:
    so a field is looked for where it was the last time, and its name is checked there.
    """

    def __init__(self, required: Sequence[bytes], optional: Sequence[bytes] = ()) -> None:
        self._required = tuple(required)
        self._optional = tuple(optional)
        self._layouts: dict[int, _Layout] = {}

    def __call__(self, reply: Any) -> tuple[Any, ...]:
        """Return the values, required fields first; None for an optional one that is not there.

        Raises KeyError, TypeError, ValueError or IndexError for anything else than such a list.
        """
        layout = self._layouts.get(len(reply))
        if layout is not None:
            names_of, names, values_of, missing = layout
            if names_of(reply) == names:
                return values_of(reply) + missing
        return self._look_for(reply)

    def _look_for(self, reply: Any) -> tuple[Any, ...]:
        values = by_name(reply)
        found = [values[name] for name in self._required]
        found += [values.get(name) for name in self._optional]
        self._remember(reply)
        return tuple(found)

    def _remember(self, reply: list[Any]) -> None:
        """Keep the places of the fields, unless one is there behind an optional one that is not.

        That one is missing shows in no place of its own, so then every name is checked.
        """
        names, wanted = reply[::2], self._required + self._optional
        present = tuple(takewhile(names.__contains__, wanted))
        missing = wanted[len(present) :]
        checked = tuple(names) if missing else present
        if any(name in names for name in missing):
            return
        if all(names.count(name) == 1 for name in checked):
            self._layouts[len(reply)] = _Layout(
                itemgetter(*[2 * names.index(name) for name in checked]),
                checked,
                itemgetter(*[2 * names.index(name) + 1 for name in present]),
                (None,) * len(missing),
            )


_STREAM_FIELDS: Final = Fields(
    (b"length", b"groups", b"last-generated-id", b"first-entry"),
    (b"entries-added", b"max-deleted-entry-id", *_IDMP_FIELDS),
)
_GROUP_FIELDS: Final = Fields(
    (b"name", b"consumers", b"pending", b"last-delivered-id"), (b"entries-read", b"lag")
)
_CONSUMER_FIELDS: Final = Fields((b"name", b"pending", b"idle"), (b"inactive",))


def time_us(reply: Any) -> int:
    """Read TIME as microseconds since 1970."""
    seconds, microseconds = _list(reply)
    now_us = int(_text(seconds)) * 1_000_000 + int(_text(microseconds))
    if not 0 <= now_us < _LATEST_US:
        raise ValueError("a time was expected")
    return now_us


class Hello(NamedTuple):
    """What a server says of itself; None for what it does not say.

    The role is in the words of INFO, `master` or `slave`. Valkey's versions go on from Redis 7.2.
    """

    server: str | None = None
    mode: str | None = None
    role: str | None = None
    version: tuple[int, ...] = ()


def hello(reply: Any) -> Hello:
    """Read HELLO; nothing is known where the answer is none, as behind some proxies."""
    try:
        told = by_name(reply)
        return Hello(
            _word(told.get(b"server")),
            _word(told.get(b"mode")),
            _ROLES.get(told.get(b"role") or b""),
            _version(told.get(b"version")),
        )
    except MALFORMED:
        return Hello()


def broken_link(reply: Any) -> str | None:
    """Read from ROLE in which state a replica's link is; None for a primary, or a link that is up.

    Also None for an answer of another shape: what is not known counts as up.
    """
    try:
        if reply[0] == b"slave" and reply[3] != b"connected":
            return str(reply[3].decode("ascii", "replace"))
    except MALFORMED:
        pass
    return None


def run_id(reply: Any) -> str | None:
    """Read from INFO which process of the server answers; None where it may not be asked."""
    found = _RUN_ID.search(reply) if isinstance(reply, bytes) else None
    return found and found.group(1).decode()


def _word(text: Any) -> str | None:
    return text.decode("ascii", "replace") if isinstance(text, bytes) else None


def _version(text: Any) -> tuple[int, ...]:
    return tuple(map(int, text.split(b"."))) if isinstance(text, bytes) else ()


def stream_reading(
    name: bytes, now_us: int, stream: Any, groups: Any, *, from_replica: bool, server: str | None
) -> StreamReading:
    """Read one key's XINFO STREAM and XINFO GROUPS."""
    length, group_count, last_generated, first_entry, *told = _STREAM_FIELDS(stream)
    entries_added, max_deleted, *idempotence = told
    if type(length) is not int or type(group_count) is not int:
        raise TypeError(_NO_INTEGER)
    return StreamReading(
        name,
        now_us,
        length,
        group_count,
        StreamId.parse(last_generated),
        None if first_entry is None else StreamId.parse(first_entry[0]),
        _optional_integer(entries_added),
        tuple([_group_reading(group) for group in _list(groups)]),
        from_replica,
        server,
        None if max_deleted is None else StreamId.parse(max_deleted),
        None if None in idempotence else Idempotence(*map(_integer, idempotence)),
    )


def first_entries(reply: Any) -> tuple[StreamId | None, int]:
    """Read the first ID of XRANGE, None when the range is empty, and how many entries came."""
    entries = _list(reply)
    return StreamId.parse(entries[0][0]) if entries else None, len(entries)


def oldest_pending(reply: Any) -> PendingReading | None:
    """Read XPENDING key group - + 1; None when nothing is pending any more."""
    entries = _list(reply)
    if not entries:
        return None
    entry_id, _consumer, idle_ms, deliveries = entries[0]
    if type(idle_ms) is not int or type(deliveries) is not int:
        raise TypeError(_NO_INTEGER)
    return PendingReading(StreamId.parse(entry_id), idle_ms, deliveries)


def nacked(reply: Any) -> int:
    """Read from XPENDING key group how many pending entries no consumer owns."""
    total, _least, _most, owners = reply
    return int(_integer(total) - sum(int(count) for name, count in owners or () if name))


def consumers(reply: Any) -> tuple[Consumer, ...]:
    """Read XINFO CONSUMERS."""
    return tuple([_consumer(consumer) for consumer in _list(reply)])


def lifetime(reply: Any) -> tuple[bool, int | None]:
    """Read PTTL: whether the key exists, and after how many milliseconds it expires, if ever."""
    milliseconds = _integer(reply)
    if milliseconds == _NO_SUCH_KEY:
        return False, None
    return True, None if milliseconds < 0 else milliseconds


def field_value(reply: Any) -> bytes | None:
    """Read HGET; None when the hash has no such field."""
    return None if reply is None else _text(reply)


def _group_reading(reply: Any) -> GroupReading:
    name, consumers, pending, last_delivered, entries_read, lag = _GROUP_FIELDS(reply)
    if type(consumers) is not int or type(pending) is not int:
        raise TypeError(_NO_INTEGER)
    return GroupReading(
        _text(name),
        consumers,
        pending,
        StreamId.parse(last_delivered),
        _optional_integer(entries_read),
        _optional_integer(lag),
    )


def _consumer(reply: Any) -> Consumer:
    name, pending, idle_ms, inactive_ms = _CONSUMER_FIELDS(reply)
    if type(name) is not bytes:
        raise TypeError(_NO_TEXT)
    if type(pending) is not int or type(idle_ms) is not int:
        raise TypeError(_NO_INTEGER)
    if inactive_ms is not None:
        # -1: never read anything
        inactive_ms = None if _integer(inactive_ms) < 0 else inactive_ms / 1000
    return new_consumer((name, pending, idle_ms / 1000, inactive_ms))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


def _text(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError(_NO_TEXT)
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError(_NO_INTEGER)
    return value


def _optional_integer(value: Any) -> int | None:
    return None if value is None else _integer(value)
