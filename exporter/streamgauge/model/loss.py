"""How many entries left a stream before a group was handed them.

Only what was seen counts: at a look the stream begins behind the group's cursor, and entries that
the group still had to be handed were in between. A group that reads on over such a gap between two
looks leaves no proof, so what is counted is a lower bound. The server's count of what a group has
read proves nothing: reading over a gap, a failover or a restart may set it.
"""

from __future__ import annotations

from streamgauge.model.ids import StreamId
from streamgauge.model.memory import GroupMemory, StreamMemory


def newly_lost(
    known: StreamMemory,
    seen: StreamMemory,
    group: GroupMemory,
    cursor: StreamId,
    entries_read: int | None,
) -> int:
    """Count the entries that this look shows to be lost, since the look before.

    They are the entries from the further of two places, the cursor now and the first entry then, to
    the first entry now.
    """
    begins = seen.first_entry
    if cursor < group.cursor:  # it was set back, or it is another group of the same name
        return 0
    if (begins is not None and begins <= cursor) or cursor >= seen.last_generated:
        return 0
    waited = group.waiting_id
    has_passed = waited is not None and cursor < waited and (begins is None or begins > waited)
    counted = _counted(known, seen, group, cursor, entries_read)
    return max(counted, int(has_passed))


def _counted(
    known: StreamMemory,
    seen: StreamMemory,
    group: GroupMemory,
    cursor: StreamId,
    entries_read: int | None,
) -> int:
    """Count by positions; 0 where they are not known."""
    if seen.removed is None or known.removed is None or seen.max_deleted != known.max_deleted:
        return 0
    if seen.first_entry == known.first_entry:
        return 0
    position = group.position
    if cursor > group.cursor:
        if None in (position, entries_read, group.entries_read):
            return 0
        position = (
            max(position or 0, known.removed) + (entries_read or 0) - (group.entries_read or 0)
        )
    elif position is None:
        return 0
    return max(0, seen.removed - max(position or 0, known.removed))


def position_of(seen: StreamMemory, cursor: StreamId, lag: int | None) -> int | None:
    """Return how many entries were added up to the cursor, at the most; None when unknown."""
    if seen.entries_added is None:
        return None
    if cursor >= seen.last_generated:
        return seen.entries_added
    if seen.first_entry is not None and cursor < seen.first_entry:
        return seen.removed
    return None if lag is None else seen.entries_added - lag
