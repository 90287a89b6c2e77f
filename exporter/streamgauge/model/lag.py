"""How many entries a group has not been delivered, corrected for what Redis gets wrong."""

from __future__ import annotations

from typing import NamedTuple

from streamgauge.model.ids import StreamId


class LagError(NamedTuple):
    """By how much Redis misreports a group's lag, learned when the true lag was known to be 0.

    After a trim past an unread entry several servers carry `entries-added - entries-read` at the
    moment of catching up as a constant into every later report. The counters are kept because one
    that goes backwards means another stream or group under the same name.
    """

    entries: int
    entries_added: int
    entries_read: int


def is_caught_up(last_delivered: StreamId, last_generated: StreamId) -> bool:
    """Tell whether the group was delivered everything the stream ever held."""
    return last_delivered >= last_generated


def corrected_lag(
    *,
    length: int,
    first_entry: StreamId | None,
    last_generated: StreamId,
    last_delivered: StreamId,
    reported: int | None,
    error: LagError | None = None,
) -> int | None:
    """Count the entries not yet delivered to a group; None when it cannot be known.

    The first three rules hold on every server by definition of a group's cursor. Only then is the
    server's own number asked, and believed where it is possible at all: somebody who is behind
    has at least one entry to go, and somebody past the first entry has not all of them.
    """
    if is_caught_up(last_delivered, last_generated):
        return 0
    if length == 0:
        return 0
    if first_entry is not None and last_delivered < first_entry:
        return length
    if reported is None:
        return None
    entries = reported - error.entries if error else reported
    return entries if 1 <= entries <= length - 1 else None


def learned_error(
    known: LagError | None,
    *,
    caught_up: bool,
    reported: int | None,
    entries_added: int | None,
    entries_read: int | None,
) -> LagError | None:
    """Update what is known of a group's constant error by one more look at it.

    The error is one of the server's counters, so it goes where they go: one that starts again from
    less, or that the server has given up (nil), has no known error any more.
    """
    if entries_added is None or entries_read is None:
        return None
    if caught_up and reported is not None:
        return LagError(reported, entries_added, entries_read) if reported else None
    if known is None or entries_added < known.entries_added or entries_read < known.entries_read:
        return None
    return LagError(known.entries, entries_added, entries_read)
