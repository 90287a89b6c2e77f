"""State keys: from what Redis answered to when they expire and how far their deadline is.

The `now` of every key is the server's own clock at the moment of its reading.
"""

from __future__ import annotations

import re
from typing import Final

from streamgauge.model.ids import EARLIEST_CLOCK_MS
from streamgauge.model.readings import KeyReading
from streamgauge.model.records import NO_TIME, Key
from streamgauge.state_keys import StateKey

_NUMBER: Final = re.compile(
    rb"[ \t\r\n]*([0-9]{1,20}(?:\.[0-9]*)?(?:[eE]\+?[0-9]{1,2})?)[ \t\r\n]*"
)
_YEAR_10000: Final = 253_402_300_800.0
"""Unix time in seconds. A number from here on can only be milliseconds."""


def key_record(reading: KeyReading, error: str | None = None) -> Key:
    """Conclude what one key's reading means; `error` is why its field could not be read."""
    key = reading.key
    if not reading.exists:
        return Key(key, 0)
    ttl_seconds = None if reading.ttl_ms is None else reading.ttl_ms / 1000
    if key.field is None or error is not None:
        return Key(key, 1, ttl_seconds, error=error)
    told = None if reading.value is None else unix_seconds(reading.value)
    if told is None:
        return Key(key, 1, ttl_seconds, error=NO_TIME)
    return Key(key, 1, ttl_seconds, deadline_seconds(key, told, reading.now_us))


def unread_key(key: StateKey, error: str) -> Key:
    """Say of a key that nothing is known of it; `error` is one of KEY_ERROR_REASONS."""
    return Key(key, error=error)


def deadline_seconds(key: StateKey, told: float, now_us: int) -> float:
    """Return the seconds until a key's deadline, negative once it has passed.

    `told` is the Unix time in its field. A key that says it was refreshed in the future, by a clock
    that runs ahead, is as fresh as can be.
    """
    ahead_us = round(told * 1_000_000) - now_us
    if key.max_age_seconds is not None:
        ahead_us = round(key.max_age_seconds * 1_000_000) + min(0, ahead_us)
    return ahead_us / 1e6


def unix_seconds(text: bytes) -> float | None:
    """Read a Unix time in seconds or in milliseconds; None for text that is neither.

    Seconds reach to the year 9999, and nothing is from before 2010: what is less counts something
    else, such as a duration.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    number = float(match[1])
    seconds = number if number < _YEAR_10000 else number / 1000
    return seconds if EARLIEST_CLOCK_MS / 1000 <= seconds < _YEAR_10000 else None
