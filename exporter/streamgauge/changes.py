"""What a look changes in what is known of the troubles of streams and groups.

Only states that are problems are told: a stream that flows, rests and flows again would fill the
list with nothing. Most streams and groups are ruled out by a few comparisons, because this is done
at every look.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamgauge.model.looks import EarlierLook
from streamgauge.model.memory import MOST_CHANGES, NO_CHANGES, Change, Changes, Memory
from streamgauge.model.records import Group, RedisSnapshot, Stream
from streamgauge.policy import StreamClass
from streamgauge.verdict.group import HOUR, UNCLASSIFIED_SECONDS, group_verdict, missing_verdict
from streamgauge.verdict.looks import StreamLooks
from streamgauge.verdict.stream import stream_verdict


def note_changes(memory: Memory, look: RedisSnapshot, earlier: EarlierLook | None) -> None:
    """Compare a look with what was known; updates `memory.changes`."""
    names: set[bytes] | None = None
    for stream in look.streams:
        known = memory.changes.get(stream.name, NO_CHANGES)
        state, groups = "", dict[bytes, str]()
        if _may_be_troubled(stream):
            state, groups = _states(StreamLooks(stream, look.at))
        if state == known.state and groups == known.groups:
            continue
        if names is None and earlier is not None:
            names = {one.name for one in earlier.streams}
        at_us = int(look.at * 1e6)
        is_first = memory.is_new if names is None else stream.name not in names
        before = _by_name(known.state, known.groups)
        after = _by_name(state, groups)
        changes = [
            Change(at_us, name, before.get(name, ""), after.get(name, ""), is_first)
            for name in {**before, **after}
            if before.get(name, "") != after.get(name, "")
        ]
        latest = (*known.latest, *changes)[-MOST_CHANGES:]
        memory.changes[stream.name] = Changes(state, groups, latest)
    memory.is_new = False


def _by_name(state: str, groups: Mapping[bytes, str]) -> dict[bytes | None, str]:
    """The states of a stream, under None, and of its groups."""
    return {None: state, **dict[bytes | None, str](groups.items())}


def _may_be_troubled(stream: Stream) -> bool:
    """Whether a comparison that costs little leaves it open that something is a problem."""
    if stream.stream_class is StreamClass.CONTINUOUS:
        age, limit = stream.age_seconds, stream.quiet_limit_seconds
        if not stream.exists or age is None or limit is None or age > limit:
            return True
    if stream.absent_groups or any(one.is_overdue for one in stream.reactions):
        return True
    return any(map(_may_group_be_troubled, stream.groups))


def _may_group_be_troubled(group: Group) -> bool:
    limit = group.lag_limit_seconds
    if group.lag_seconds > (UNCLASSIFIED_SECONDS if limit is None else limit):
        return True
    if group.lost_ago_seconds is not None and group.lost_ago_seconds <= HOUR:
        return True
    held, ack_limit = group.unacknowledged_seconds, group.ack_limit_seconds
    return held is not None and ack_limit is not None and held > ack_limit


def _states(looks: StreamLooks) -> tuple[str, dict[bytes, str]]:
    """The states that are problems: of the stream and, by name, of its groups."""
    judged = [group_verdict(one) for one in looks.groups()]
    judged += [missing_verdict(looks.now, group) for group in looks.now.absent_groups]
    groups = {one.group.name: str(one.state) for one in judged if one.severity.is_problem}
    stream = stream_verdict(looks)
    return str(stream.state) if stream.severity.is_problem else "", groups
