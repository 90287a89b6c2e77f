"""What shows in single groups beside their state: lost and stuck entries, gone consumers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final

from streamgauge.model.records import Consumer
from streamgauge.verdict.group import DAY
from streamgauge.verdict.looks import GroupLooks
from streamgauge.verdict.records import Finding, GroupVerdict, Subject
from streamgauge.verdict.states import FindingKind, GroupState
from streamgauge.verdict.words import Sentence, counted, duration, entries, name_list

STUCK_SECONDS: Final = 3_600.0
"""An entry that is in somebody's hands for longer, and for longer than was declared, is stuck. The
opt-in alerts about pending entries take as long."""

POISON_DELIVERIES: Final = 5
"""An entry delivered this often and never acknowledged is one that consumers fail on."""

FATAL_DELIVERIES: Final = 2**63 - 1
"""What XNACK FATAL sets: the entry was given back as one that cannot be processed."""


Judged = tuple[GroupLooks, GroupState]
"""A group and the state that it was found to be in."""


def entry_findings(judged: Iterable[tuple[GroupLooks, GroupVerdict]]) -> Iterator[Finding]:
    """Look into every group but those that the user wants to hear nothing of."""
    groups = [(group, verdict.state) for group, verdict in judged if not group.is_exempt]
    for rule in _RULES:
        yield from rule(groups)


def _trimmed_unread(judged: Sequence[Judged]) -> Iterator[Finding]:
    """Entries left before a group with a limit had read them, and no state of it says so."""
    for group, state in judged:
        lost, ago = group.now.entries_lost, group.now.lost_ago_seconds
        if not lost or ago is None or group.now.lag_limit_seconds is None:
            continue
        if state is GroupState.LOSING_ENTRIES:
            continue
        yield _about(
            FindingKind.TRIMMED_UNREAD,
            group,
            f"{entries(lost)} or more left {{}} before {{}} was handed them, the last "
            f"{duration(ago)} ago",
        )


def _consumers_gone(judged: Sequence[Judged]) -> Iterator[Finding]:
    """Consumers that were not seen for a day, while the others were handed many entries."""
    for group, _ in judged:
        silent = [one for one in group.now.consumer_list if one.idle_seconds > DAY]
        silent.sort(key=attrgetter("idle_seconds"), reverse=True)
        gone = silent[: group.now.consumers_dead or 0]
        if gone:
            yield _about_consumers(FindingKind.CONSUMERS_GONE, group, gone, "")


def _dead_pending(judged: Sequence[Judged]) -> Iterator[Finding]:
    """A consumer that asks for nothing any more still holds entries, which nobody else is given."""
    for group, state in judged:
        limit = _stuck_seconds(group)
        if not _is_stuck(group, state):
            continue
        dead = [one for one in group.now.consumer_list if one.pending and one.idle_seconds > limit]
        if dead:
            held = entries(sum(one.pending for one in dead))
            yield _about_consumers(FindingKind.DEAD_PENDING, group, dead, f" and held {held} since")


def _poison_entries(judged: Sequence[Judged]) -> Iterator[Finding]:
    """The oldest pending entry is delivered again and again and never acknowledged."""
    for group, state in judged:
        times = group.now.oldest_pending_deliveries
        if _is_stuck(group, state) and _is_poison(times) and not _is_ghost(group):
            age = duration(group.now.oldest_pending_age_seconds)
            yield _about(
                FindingKind.POISON_ENTRY,
                group,
                f"the oldest pending entry of {{1}} on {{0}} is {age} old, was delivered "
                f"{times:,} times and never acknowledged",
            )


def _released_entries(judged: Sequence[Judged]) -> Iterator[Finding]:
    """The oldest pending entry was given back (XNACK), and no consumer takes what is nobody's."""
    for group, state in judged:
        times = group.now.oldest_pending_deliveries
        if (
            not group.now.nacked
            or not _is_stuck(group, state)
            or _is_poison(times)
            or _is_ghost(group)
        ):
            continue
        held = duration(group.now.unacknowledged_seconds or 0.0)
        how = (
            "released as one that cannot be processed" if times == FATAL_DELIVERIES else "released"
        )
        yield _about(
            FindingKind.RELEASED_ENTRY,
            group,
            f"the oldest pending entry of {{1}} on {{0}}, pending for {held}, was {how} and nobody "
            "takes it: its consumers do not claim",
        )


def _ghost_entries(judged: Sequence[Judged]) -> Iterator[Finding]:
    """The oldest pending entry was trimmed or deleted: nobody can read it any more."""
    for group, state in judged:
        if _is_stuck(group, state) and _is_ghost(group):
            age = duration(group.now.oldest_pending_age_seconds)
            yield _about(
                FindingKind.GHOST_ENTRY,
                group,
                f"the oldest pending entry of {{1}}, {age} old, is no longer in {{0}}",
            )


_RULES: Final[tuple[Callable[[Sequence[Judged]], Iterator[Finding]], ...]] = (
    _trimmed_unread,
    _poison_entries,
    _released_entries,
    _ghost_entries,
    _dead_pending,
    _consumers_gone,
)


def _stuck_seconds(group: GroupLooks) -> float:
    limits = (group.now.lag_limit_seconds, group.now.ack_limit_seconds)
    return max(STUCK_SECONDS, *(limit or 0.0 for limit in limits))


def _is_stuck(group: GroupLooks, state: GroupState) -> bool:
    """Whether an entry is in somebody's hands for too long, and no page says so."""
    if state is GroupState.NOT_ACKNOWLEDGING:
        return False
    return (group.now.unacknowledged_seconds or 0.0) > _stuck_seconds(group)


def _is_poison(deliveries: int) -> bool:
    """Whether consumers may fail on it; whoever claims raises the number too."""
    return POISON_DELIVERIES <= deliveries < FATAL_DELIVERIES


def _is_ghost(group: GroupLooks) -> bool:
    """Whether the oldest pending entry is older than everything the stream still holds."""
    first = group.stream.first_entry_age_seconds
    if first is None:
        return not group.stream.now.length
    return group.now.oldest_pending_age_seconds > first + 1e-3  # ages are told to the millisecond


def _about(kind: FindingKind, group: GroupLooks, template: str) -> Finding:
    stream, name = group.stream.now.name, group.now.name
    return Finding(kind, Sentence(template, (stream, name)), (Subject(stream, name),))


def _about_consumers(
    kind: FindingKind, group: GroupLooks, consumers: Sequence[Consumer], what: str
) -> Finding:
    stream, name = group.stream.now.name, group.now.name
    listed = name_list([one.name for one in consumers])
    least = duration(min(one.idle_seconds for one in consumers))
    who = counted(len(consumers), "consumer")
    return Finding(
        kind,
        Sentence(
            f"{who} of {{}} on {{}} asked for nothing in {least}{what}: {listed.template}",
            (name, stream, *listed.names),
        ),
        tuple(Subject(stream, name, one.name) for one in consumers),
    )
