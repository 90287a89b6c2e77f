"""How many entries were added behind a place in a stream, told by the looks that are remembered.

For servers that do not count (Redis 6.2), and for groups whose lag Redis has given up to tell.
"""

from __future__ import annotations

from streamgauge.model.arrival import thinned
from streamgauge.model.ids import StreamId
from streamgauge.model.memory import Place, StreamMemory


def placed(known: StreamMemory | None, seen: StreamMemory) -> tuple[Place, ...]:
    """Add this look to the places of the looks before; of too many, the older half is thinned.

    Where the server does not count what is added, only a stream from which nothing was removed
    tells it: by its length.
    """
    added = seen.added_or_held
    kept: list[Place] = []
    if known is not None and not _has_lost_count(known, seen):
        kept = list(known.places)
    if not kept or kept[-1].last != seen.last_generated:
        kept.append(Place(seen.last_generated, added))
    return thinned(kept)


def _has_lost_count(known: StreamMemory, seen: StreamMemory) -> bool:
    if seen.entries_added is not None:
        return known.entries_added is None
    return seen.first_entry != known.first_entry or seen.length < known.length


def added_behind(seen: StreamMemory, cursor: StreamId) -> int | None:
    """Estimate how many entries were added behind this place; None where no look reached so far.

    Between two looks, entries are taken to be spread evenly over the IDs.
    """
    if not seen.places:
        return None
    added = seen.added_or_held
    after: Place | None = None
    for place in reversed(seen.places):
        if place.last <= cursor:
            return max(0, round(added - _added_until(cursor, place, after)))
        after = place
    return None


def _added_until(cursor: StreamId, before: Place, after: Place | None) -> float:
    if after is None or after.last.ms == before.last.ms:
        return before.added
    share = (cursor.ms - before.last.ms) / (after.last.ms - before.last.ms)
    return before.added + share * (after.added - before.added)
