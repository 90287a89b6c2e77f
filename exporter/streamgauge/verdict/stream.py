"""What the silence or the flow of one stream means: each rule one function under one sentence.

The rules are asked in their order and the first that has an answer decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from streamgauge.policy import StreamClass
from streamgauge.verdict.looks import StreamLooks
from streamgauge.verdict.records import StreamVerdict
from streamgauge.verdict.states import StreamState
from streamgauge.verdict.words import Sentence, counted, duration, entries

RECENT_SECONDS: Final = 300.0
"""A stream without a limit of its own flows when its last entry is no older than this."""

Reasoned = tuple[StreamState, str]
Answer = Reasoned | None


def stream_verdict(looks: StreamLooks) -> StreamVerdict:
    """Judge one stream."""
    overdue = _overdue(looks)
    if overdue is not None:
        return StreamVerdict(looks.now, StreamState.REACTION_OVERDUE, overdue, looks.added)
    answers = (rule(looks) for rule in _RULES)
    state, reason = next(filter(None, answers), None) or _idle_by_design(looks)
    return StreamVerdict(looks.now, state, Sentence(reason), looks.added)


def _overdue(looks: StreamLooks) -> Sentence | None:
    """A stream that must answer to another one has not, and an entry there waits past the limit."""
    waits = [(one.wait_seconds or 0.0, one) for one in looks.now.reactions if one.is_overdue]
    if not waits:
        return None
    wait, one = max(waits)
    return Sentence(
        f"an entry of {{}} has gone unanswered for {duration(wait)}; an answer here may take "
        f"{duration(one.limit_seconds)}",
        (one.after,),
    )


def _unclassified(looks: StreamLooks) -> Answer:
    """Nobody has said what silence of this stream means, so nothing is made of it."""
    if looks.now.stream_class is not StreamClass.UNCLASSIFIED:
        return None
    what = _contents(looks) if looks.now.exists else "it does not exist"
    return StreamState.UNCLASSIFIED, f"nobody has said what it is: {what}"


def _after_outage(looks: StreamLooks) -> Answer:
    """Once Redis is back, a feed that was in time has a while to begin again."""
    declared = looks.now.policy.quiet_limit_at(looks.at)
    if not _may_be_silent(looks) or declared is None or math.isinf(declared):
        return None
    what = "it does not exist yet" if not looks.now.exists else _contents(looks)
    return StreamState.AFTER_OUTAGE, f"Redis was away or restarted, so it may be silent: {what}"


def _outside_active_hours(looks: StreamLooks) -> Answer:
    """Outside its hours a feed may be silent or gone."""
    if not _may_be_silent(looks) or _opened_seconds(looks) is not None:
        return None
    return (
        StreamState.OUTSIDE_ACTIVE_HOURS,
        "its active hours are over or have not begun: silence is no problem now",
    )


def _hours_just_began(looks: StreamLooks) -> Answer:
    """For one quiet limit after its hours begin, a feed may still be silent or gone from before."""
    opened, limit = _opened_seconds(looks), looks.now.policy.quiet_limit_seconds
    if not _may_be_silent(looks) or opened is None or limit is None:
        return None
    hours = (
        f"its active hours began {duration(opened)} ago, and from then it may be silent for "
        f"{duration(limit)}"
    )
    if not looks.now.exists:
        return StreamState.EMPTY_BY_DESIGN, f"{hours}; it does not exist yet"
    if looks.now.age_seconds is None:
        return StreamState.EMPTY_BY_DESIGN, f"{hours}; nothing was ever added yet"
    return StreamState.IDLE_BY_DESIGN, f"{hours}; {_contents(looks)}"


def _missing(looks: StreamLooks) -> Answer:
    """A continuous stream that does not exist is a dead feed."""
    if not _is_continuous(looks) or looks.now.exists:
        return None
    since = ""
    if looks.earlier is not None and looks.earlier.exists and looks.seconds is not None:
        since = f"; it did {duration(looks.seconds)} ago"
    return StreamState.MISSING, f"continuous stream: it must flow, and it does not exist{since}"


def _never_written(looks: StreamLooks) -> Answer:
    """A continuous stream that exists and never held an entry has no producer."""
    if not _is_continuous(looks) or not looks.never_written:
        return None
    return (
        StreamState.NEVER_WRITTEN,
        f"continuous stream: it must flow, and nothing was ever added; {_readers(looks)}",
    )


def _quiet(looks: StreamLooks) -> Answer:
    """A continuous stream whose last entry is older than its limit has gone quiet."""
    age, limit = looks.now.age_seconds, looks.now.quiet_limit_seconds
    if not _is_continuous(looks) or age is None or limit is None or age <= limit:
        return None
    at_least = "" if looks.ids_are_clocks else "at least "
    return (
        StreamState.QUIET,
        f"silent for {at_least}{duration(age)}; it may be silent for {duration(limit)}",
    )


def _age_unknown(looks: StreamLooks) -> Answer:
    """A feed whose IDs are no clocks flows only if it was seen to, and else nothing is known."""
    if not _is_continuous(looks) or looks.ids_are_clocks or looks.was_written:
        return None
    seen = "one look cannot tell when it was last written"
    if looks.seconds is not None:
        seen = f"nothing was added in {duration(looks.seconds)}, which does not prove it is dead"
    return StreamState.AGE_UNKNOWN, f"its IDs are no clocks: {seen}"


def _flowing(looks: StreamLooks) -> Answer:
    """A feed inside its limit flows, and so does any stream that was written just now."""
    age, limit = looks.now.age_seconds, looks.now.quiet_limit_seconds
    if age is None:
        return None
    recent = looks.ids_are_clocks and age <= RECENT_SECONDS
    if not (_is_continuous(looks) or looks.was_written or recent):
        return None
    reason = f"last entry {duration(age)} ago" if looks.ids_are_clocks else "it is being written"
    if limit is not None and math.isfinite(limit):
        reason += f"; it may be silent for {duration(limit)}"
    return StreamState.FLOWING, reason


def _empty_by_design(looks: StreamLooks) -> Answer:
    """An event or hybrid stream that holds nothing, or is not there yet, is as it should be."""
    if looks.now.length:
        return None
    name = looks.now.stream_class
    if not looks.now.exists:
        return (
            StreamState.EMPTY_BY_DESIGN,
            f"{name} stream: normal until its first entry that it does not exist",
        )
    age = looks.now.age_seconds
    past = "" if age is None else f"; {_last(looks, age)}, removed since"
    return StreamState.EMPTY_BY_DESIGN, f"{name} stream: empty is normal; {_readers(looks)}{past}"


def _idle_by_design(looks: StreamLooks) -> Reasoned:
    """What is left: an event or hybrid stream that holds entries, which may be silent forever."""
    return (
        StreamState.IDLE_BY_DESIGN,
        f"{looks.now.stream_class} stream: silence is normal; {_contents(looks)}",
    )


_RULES: Final[tuple[Callable[[StreamLooks], Answer], ...]] = (
    _unclassified,
    _after_outage,
    _outside_active_hours,
    _hours_just_began,
    _missing,
    _never_written,
    _quiet,
    _age_unknown,
    _flowing,
    _empty_by_design,
)


def _is_continuous(looks: StreamLooks) -> bool:
    return looks.now.stream_class is StreamClass.CONTINUOUS


def _may_be_silent(looks: StreamLooks) -> bool:
    """Whether a feed has no limit at this hour, and was not written lately all the same."""
    if not _is_continuous(looks) or looks.now.quiet_limit_seconds != math.inf:
        return False
    limit, age = looks.now.policy.quiet_limit_seconds, looks.now.age_seconds
    return not looks.was_written and (limit is None or age is None or age > limit)


def _opened_seconds(looks: StreamLooks) -> float | None:
    """How long ago its hours began; None when it is outside of them, or nobody can say."""
    hours = looks.now.policy.active
    opened = hours.opened_at(looks.at) if hours else None
    return None if opened is None else looks.at - opened


def _contents(looks: StreamLooks) -> str:
    age = looks.now.age_seconds
    last = "none was ever added" if age is None else _last(looks, age)
    return f"{entries(looks.now.length or 0)}, {last}"


def _last(looks: StreamLooks, age: float) -> str:
    if not looks.ids_are_clocks:
        return "the last at a time its ID does not tell"
    return f"the last {duration(age)} ago"


def _readers(looks: StreamLooks) -> str:
    """Say how many groups are ready: those that have a consumer."""
    total = len(looks.now.groups)
    ready = sum(1 for group in looks.now.groups if group.consumers)
    if not total:
        return "no consumer group"
    groups = counted(total, "consumer group")
    if ready == total:
        return f"{groups} {'is' if total == 1 else 'are'} ready"
    return f"{groups}, {ready or 'none'} with a consumer"
