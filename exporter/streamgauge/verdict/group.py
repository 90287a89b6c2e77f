"""What a group does about the entries that wait: each rule one function under one sentence.

The rules are asked in their order and the first that has an answer decides. What pages compares
what was measured with what was declared, exactly as the alert of the same name does.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from streamgauge.model.records import AbsentGroup, Group, Stream
from streamgauge.model.standing import growing_limit_seconds, standing_limit_seconds
from streamgauge.verdict.looks import GroupLooks
from streamgauge.verdict.records import GroupVerdict
from streamgauge.verdict.states import GroupState
from streamgauge.verdict.stream import RECENT_SECONDS
from streamgauge.verdict.words import Sentence, counted, duration, entries

DAY: Final = 86_400.0
HOUR: Final = 3_600.0

UNCLASSIFIED_SECONDS: Final = 300.0
"""Where nobody has set a limit, entries may wait for nobody as long as classes allow by default."""

_UNCOUNTED: Final = (
    "the server cannot count them, because the group was created at or moved to an arbitrary ID, "
    "entries after its cursor were deleted, or this is a replica"
)

Reasoned = tuple[GroupState, str]
Answer = Reasoned | None


def missing_verdict(stream: Stream, group: AbsentGroup) -> GroupVerdict:
    """Say of a declared group that it is not there."""
    reason = Sentence("it is declared, and the stream has no such group: nobody is handed entries")
    return GroupVerdict(stream.name, stream.stream_class, group, GroupState.MISSING, reason)


def group_verdict(looks: GroupLooks) -> GroupVerdict:
    """Judge one group."""
    stream, answers = looks.stream.now, (rule(looks) for rule in _RULES)
    state, reason = next(filter(None, answers), None) or _waiting(looks)
    return GroupVerdict(stream.name, stream.stream_class, looks.now, state, Sentence(reason))


def _stalled(looks: GroupLooks) -> Answer:
    """Entries wait, and for longer than the limit the group was handed none of them."""
    limit, stalled = looks.now.lag_limit_seconds, looks.now.stalled_seconds
    if limit is None or stalled is None or stalled <= standing_limit_seconds(limit):
        return None
    never = "; it never read one" if looks.never_read else ""
    return GroupState.STALLED, (
        f"{_waiting_words(looks)}{_limit_words(looks)}, and it was handed none for "
        f"{duration(stalled)}{never}"
    )


def _lag_growing(looks: GroupLooks) -> Answer:
    """Past its limit, ever more entries have waited for longer than is allowed."""
    limit, falling = looks.now.lag_limit_seconds, looks.now.falling_behind_seconds
    if limit is None or falling is None or falling <= growing_limit_seconds(limit):
        return None
    return GroupState.LAG_GROWING, (
        f"{_waiting_words(looks)}{_limit_words(looks)}; for {duration(falling)} ever more have"
    )


def _losing_entries(looks: GroupLooks) -> Answer:
    """Within the last hour entries left the stream before the group was handed them."""
    ago = looks.now.lost_ago_seconds
    if looks.now.lag_limit_seconds is None or ago is None or ago > HOUR:
        return None
    return GroupState.LOSING_ENTRIES, (
        f"entries left the stream before the group was handed them, the last {duration(ago)} ago: "
        f"{looks.now.entries_lost or 0:,} or more in all; {_waiting_words(looks)}"
        f"{_limit_words(looks)}"
    )


def _not_acknowledging(looks: GroupLooks) -> Answer:
    """An entry has been in somebody's hands for longer than was declared."""
    limit, held = looks.now.ack_limit_seconds, looks.now.unacknowledged_seconds
    if limit is None or held is None or held <= limit:
        return None
    return GroupState.NOT_ACKNOWLEDGING, (
        f"an entry was handed out {duration(held)} ago and is not acknowledged; that may take "
        f"{duration(limit)}"
    )


def _abandoned(looks: GroupLooks) -> Answer:
    """For a day a group never read, or had no consumer while entries came; nobody set a limit."""
    if not looks.is_unclassified or not looks.waits or looks.cursor_moved:
        return None
    if looks.never_read and looks.now.lag_seconds >= DAY:
        why = "it never read an entry"
    elif _longest_unseen(looks) >= DAY and (looks.stream.now.age_seconds or 0.0) < DAY:
        why = f"no consumer for {duration(_longest_unseen(looks))} while the stream flows"
    else:
        return None
    return GroupState.ABANDONED, f"{why}; {_waiting_words(looks)}, and no limit is declared for it"


def _no_consumer(looks: GroupLooks) -> Answer:
    """Entries wait past the limit, or for long without one, and nobody is there to read them."""
    if looks.now.consumers or not looks.waits or looks.cursor_moved or looks.is_exempt:
        return None
    waits, limit = looks.now.lag_seconds, looks.now.lag_limit_seconds
    if waits < UNCLASSIFIED_SECONDS if limit is None else waits <= limit:
        return None
    never = "; the group never read one" if looks.never_read else ""
    return (
        GroupState.NO_CONSUMER,
        f"{_waiting_words(looks)}{_limit_words(looks)}, and the group has no consumer{never}",
    )


def _behind(looks: GroupLooks) -> Answer:
    """Entries wait past the limit, and the group reads or may be reading."""
    limit = looks.now.lag_limit_seconds
    if limit is None or looks.now.lag_seconds <= limit:
        return None
    return (
        GroupState.BEHIND,
        f"{_waiting_words(looks)}{_limit_words(looks)}; {_progress_words(looks)}",
    )


def _lag_unknown(looks: GroupLooks) -> Answer:
    """The server cannot count what waits, or cannot say for how long it has."""
    if looks.cursor_moved:
        return None
    if looks.now.lag is None and looks.waits and looks.stream.now.entries_added is not None:
        return GroupState.LAG_UNKNOWN, (
            f"{_waiting_words(looks)}{_limit_words(looks)}: {_UNCOUNTED}"
        )
    if not looks.stream.ids_are_clocks and looks.now.lag != 0:
        return (
            GroupState.LAG_UNKNOWN,
            f"{_count_words(looks.now)}, for how long is unknown: their IDs are no clocks",
        )
    return None


def _no_limit(looks: GroupLooks) -> Answer:
    """Entries wait, the group was not seen reading, and nobody has said how long they may."""
    if looks.now.lag_limit_seconds is not None or not looks.waits or looks.cursor_moved:
        return None
    unseen = looks.unseen_seconds
    if unseen is not None and unseen <= RECENT_SECONDS and not looks.never_read:
        return None
    never = "it never read an entry; " if looks.never_read else ""
    limit = "its limit is none" if looks.is_exempt else "no limit says whether that is long"
    return GroupState.NO_LIMIT, f"{never}{_waiting_words(looks)}, and {limit}"


def _active(looks: GroupLooks) -> Answer:
    """The group reads, and what waits for it is within its limit."""
    if looks.waits:
        return GroupState.ACTIVE, (
            f"{_waiting_words(looks)}{_limit_words(looks)}; {_calm_words(looks)}"
        )
    ago = _last_delivered_seconds(looks)
    is_recent = ago is not None and ago <= RECENT_SECONDS and not _is_only_created(looks.now)
    if looks.cursor_moved or is_recent:
        return GroupState.ACTIVE, "caught up: no entry waits"
    return None


def _waiting(looks: GroupLooks) -> Reasoned:
    """What is left: nothing waits and nothing came of late, so there is nothing to do."""
    who = f"{counted(looks.now.consumers, 'consumer')} ready"
    if not looks.now.consumers:
        who = "no consumer is listed, which means little while nothing waits"
    return GroupState.WAITING, f"nothing to do: no entry waits; {who}"


_RULES: Final[tuple[Callable[[GroupLooks], Answer], ...]] = (
    _stalled,
    _lag_growing,
    _losing_entries,
    _not_acknowledging,
    _abandoned,
    _no_consumer,
    _behind,
    _lag_unknown,
    _no_limit,
    _active,
)


def _is_only_created(group: Group) -> bool:
    """Whether nothing shows that it ever read: where its cursor stands, it may have been put."""
    return not group.consumers and not group.entries_read


def _window(looks: GroupLooks) -> float:
    """The seconds between the looks at this group; 0 when there was one."""
    return looks.stream.seconds or 0.0 if looks.earlier is not None else 0.0


def _longest_unseen(looks: GroupLooks) -> float:
    """For how long nobody has read: with no consumer, as long as the oldest entry waits."""
    unseen = looks.unseen_seconds
    if unseen is None:
        return 0.0
    return looks.now.lag_seconds if unseen == math.inf else unseen


def _last_delivered_seconds(looks: GroupLooks) -> float | None:
    """The age of the last entry that was delivered."""
    delivered = looks.now.last_delivered_timestamp_seconds
    return None if delivered is None else looks.stream.at - delivered


def _count_words(group: Group) -> str:
    if group.lag is None:
        return "entries wait, how many is unknown"
    return f"{entries(group.lag)} {'waits' if group.lag == 1 else 'wait'}"


def _waiting_words(looks: GroupLooks) -> str:
    group = looks.now
    if group.lag == 1:
        return f"1 entry waits, for {duration(group.lag_seconds)}"
    return f"{_count_words(group)}, the oldest for {duration(group.lag_seconds)}"


def _limit_words(looks: GroupLooks) -> str:
    limit = looks.now.lag_limit_seconds
    return "" if limit is None else f" (limit {duration(limit)})"


def _calm_words(looks: GroupLooks) -> str:
    """Say why entries that wait are no problem."""
    if looks.cursor_moved:
        return _progress_words(looks)
    if looks.now.lag_limit_seconds is None:
        return f"a consumer asked for entries {duration(_longest_unseen(looks))} ago"
    nothing = f", though nothing was read in {duration(_window(looks))}"
    return f"that is within the limit{nothing if looks.cursor_moved is False else ''}"


def _progress_words(looks: GroupLooks) -> str:
    """Say what the looks show of its reading, and what they do not prove."""
    if looks.earlier is None or looks.stream.seconds is None:
        unseen = looks.unseen_seconds
        asked = ""
        if unseen is not None and math.isfinite(unseen):
            asked = f"a consumer asked for entries {duration(unseen)} ago; "
        return f"{asked}one look cannot tell whether it catches up"
    window = duration(looks.stream.seconds)
    if looks.cursor_moved is None:
        return f"whether it read anything in {window} cannot be seen"
    if not looks.cursor_moved:
        return f"the cursor did not move in {window}: this does not prove it is stalled"
    now, then = looks.now.lag, looks.earlier.lag
    if now is None or then is None:
        return f"it read in the last {window}"
    if now > then:
        return f"it reads, but {now - then:,} more wait than {window} ago"
    if now < then:
        return f"it is catching up: {then - now:,} fewer wait than {window} ago"
    return f"it reads, and as many wait as {window} ago"
