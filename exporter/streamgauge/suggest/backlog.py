"""What the groups of a stream say about a lag limit, as far as one look can tell."""

from __future__ import annotations

from bisect import bisect_right

from streamgauge.model.history import GroupCursor, History
from streamgauge.verdict.words import Sentence, duration, name_list


def lag_reason(history: History) -> str:
    """Say what waits right now, beside a limit that is the default of the class.

    IDs do not tell how fast a group reads, so no other limit is ever proposed.
    """
    if history.groups is None:
        return "the default; its groups may not be read"
    if not history.groups:
        return "the default; no consumer group reads it"
    longest = max(waiting_seconds(history, group) for group in history.groups)
    groups = "group" if len(history.groups) == 1 else f"{len(history.groups):,} groups"
    if longest == 0:
        return f"the default; nothing waits for its {groups} now"
    return f"the default; the oldest entry that waits for its {groups} is {duration(longest)} old"


def slow_groups(history: History, limit_seconds: float) -> Sentence | None:
    """Name the groups for which entries wait for longer than the limit at this moment."""
    waits = [(waiting_seconds(history, group), group.name) for group in history.groups or ()]
    slow = [name for seconds, name in waits if seconds > limit_seconds]
    if not slow:
        return None
    names = name_list(slow)
    return Sentence(f"{duration(max(waits)[0])} for {names.template}", names.names)


def waiting_seconds(history: History, group: GroupCursor) -> float:
    """How long the oldest entry after a group's cursor waits; 0 when none does.

    A lower bound where the cursor is older than the IDs that were read.
    """
    at = bisect_right(history.ids, group.last_delivered)
    if at == len(history.ids):
        return 0.0
    return max(0.0, (history.now_ms - history.ids[at].ms) / 1000)
