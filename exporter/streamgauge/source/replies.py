"""Replies of the commands that read, by field name: order and fields differ by version.

Every function raises one of MALFORMED when a reply has another shape than Redis documents.
"""

from __future__ import annotations

from typing import Any, Final

from streamgauge.model.ids import StreamId
from streamgauge.model.readings import (
    ConsumerReading,
    GroupReading,
    PendingReading,
    StreamReading,
)

MALFORMED: Final = (TypeError, ValueError, KeyError, IndexError, AttributeError)

_LATEST_US: Final = 32_503_680_000_000_000
"""The year 3000: what is later is no time, and calendars end not long after."""

_NO_SUCH_KEY: Final = -2
_ROLES: Final = {b"master": "master", b"replica": "slave", b"slave": "slave"}


def time_us(reply: Any) -> int:
    """Read TIME as microseconds since 1970."""
    seconds, microseconds = _list(reply)
    now_us = int(_text(seconds)) * 1_000_000 + int(_text(microseconds))
    if not 0 <= now_us < _LATEST_US:
        raise ValueError("a time was expected")
    return now_us


def role(reply: Any) -> str | None:
    """Read the server's role from HELLO in the words of INFO, `master` or `slave`.

    None when it is neither, or when the server does not say: nothing else depends on this reply.
    """
    try:
        return _ROLES.get(_fields(reply)[b"role"])
    except MALFORMED:
        return None


def stream_reading(
    name: bytes, now_us: int, stream: Any, groups: Any, *, from_replica: bool = False
) -> StreamReading:
    """Read one key's XINFO STREAM and XINFO GROUPS."""
    fields = _fields(stream)
    first_entry = fields[b"first-entry"]
    return StreamReading(
        name=name,
        now_us=now_us,
        length=_integer(fields[b"length"]),
        group_count=_integer(fields[b"groups"]),
        last_generated=StreamId.parse(fields[b"last-generated-id"]),
        first_entry=None if first_entry is None else StreamId.parse(first_entry[0]),
        entries_added=_optional_integer(fields.get(b"entries-added")),
        groups=tuple([_group_reading(group) for group in _list(groups)]),
        from_replica=from_replica,
    )


def oldest_entry(reply: Any) -> StreamId | None:
    """Read the ID of XRANGE ... COUNT 1; None when the range is empty."""
    entries = _list(reply)
    return StreamId.parse(entries[0][0]) if entries else None


def oldest_pending(reply: Any) -> PendingReading | None:
    """Read XPENDING key group - + 1; None when nothing is pending any more."""
    entries = _list(reply)
    if not entries:
        return None
    entry_id, _consumer, idle_ms, deliveries = entries[0]
    return PendingReading(StreamId.parse(entry_id), _integer(idle_ms), _integer(deliveries))


def consumer_readings(reply: Any) -> tuple[ConsumerReading, ...]:
    """Read XINFO CONSUMERS."""
    return tuple([_consumer_reading(consumer) for consumer in _list(reply)])


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
    fields = _fields(reply)
    return GroupReading(
        name=_text(fields[b"name"]),
        consumers=_integer(fields[b"consumers"]),
        pending=_integer(fields[b"pending"]),
        last_delivered=StreamId.parse(fields[b"last-delivered-id"]),
        entries_read=_optional_integer(fields.get(b"entries-read")),
        reported_lag=_optional_integer(fields.get(b"lag")),
    )


def _consumer_reading(reply: Any) -> ConsumerReading:
    fields = _fields(reply)
    inactive_ms = _optional_integer(fields.get(b"inactive"))
    if inactive_ms is not None and inactive_ms < 0:  # -1: never read anything
        inactive_ms = None
    return ConsumerReading(
        name=_text(fields[b"name"]),
        pending=_integer(fields[b"pending"]),
        idle_ms=_integer(fields[b"idle"]),
        inactive_ms=inactive_ms,
    )


def _fields(reply: Any) -> dict[bytes, Any]:
    pairs = iter(_list(reply))
    return dict(zip(pairs, pairs, strict=True))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


def _text(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("a bulk string was expected")
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int):
        raise TypeError("an integer was expected")
    return value


def _optional_integer(value: Any) -> int | None:
    return None if value is None else _integer(value)
