"""What shows across streams, or beside the state of one: each rule one function, one sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from streamgauge.policy import StreamClass
from streamgauge.schedule import Schedule
from streamgauge.verdict.looks import StreamLooks
from streamgauge.verdict.names import nearly_equal_pairs
from streamgauge.verdict.records import Finding, Subject
from streamgauge.verdict.states import FindingKind
from streamgauge.verdict.words import Sentence, duration, entries, name_list

FEW_DUPLICATES: Final = 10
DUPLICATES_SHARE: Final = 0.1
"""A producer that sends one entry twice is what idempotence is for."""

Rule = Callable[[Sequence[StreamLooks]], Iterator[Finding]]


def findings(looks: Sequence[StreamLooks]) -> list[Finding]:
    """Look for everything there is to find in the streams of one Redis."""
    return [finding for rule in _RULES for finding in rule(looks)]


def _unfinished_renames(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """A group waits on a stream never written, and one of nearly its name is written unread."""
    awaited = {one.now.name: one for one in looks if one.never_written and one.now.groups}
    unread = {one.now.name: one for one in looks if _is_unread(one)}
    for name, other in nearly_equal_pairs(awaited, unread):
        groups = name_list([group.name for group in awaited[name].now.groups])
        written = unread[other].now
        wait = "waits" if len(awaited[name].now.groups) == 1 else "wait"
        age = (
            "" if written.age_seconds is None else f", the last {duration(written.age_seconds)} ago"
        )
        yield Finding(
            FindingKind.UNFINISHED_RENAME,
            Sentence(
                f"{groups.template} {wait} on {{}}, which never held an entry; "
                f"{{}} holds {entries(written.length or 0)}{age}, and no group reads it: "
                "this looks like a rename that was never finished",
                (*groups.names, name, other),
            ),
            (Subject(name), Subject(other)),
        )


def _unread_streams(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """A stream that holds entries has no group; who reads it without one leaves no trace."""
    renamed = _renamed(looks)
    names = [one.now.name for one in looks if _is_unread(one) and one.now.name not in renamed]
    if names:
        listed = name_list(names)
        yield Finding(
            FindingKind.UNREAD_STREAM,
            Sentence(
                f"no group reads {listed.template}; whether anybody does with XREAD cannot be seen",
                listed.names,
            ),
            tuple(Subject(name) for name in names),
        )


def _groups_without_publisher(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """Groups wait on a stream that nobody ever wrote to; for an event stream that is normal."""
    renamed = _renamed(looks)
    judged_elsewhere = (StreamClass.EVENT, StreamClass.CONTINUOUS)
    names = [
        one.now.name
        for one in looks
        if one.never_written
        and one.now.groups
        and one.now.stream_class not in judged_elsewhere
        and one.now.name not in renamed
    ]
    if names:
        listed = name_list(names)
        yield Finding(
            FindingKind.NO_PUBLISHER,
            Sentence(
                f"groups wait on {listed.template}, and nothing was ever published there",
                listed.names,
            ),
            tuple(Subject(name) for name in names),
        )


def _ids_that_are_no_clocks(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """An ID that counts something else than time tells no age."""
    names = [one.now.name for one in looks if not one.ids_are_clocks]
    if names:
        listed = name_list(names)
        yield Finding(
            FindingKind.IDS_NO_CLOCKS,
            Sentence(
                f"the IDs of {listed.template} are no clocks: ages there count from the first look",
                listed.names,
            ),
            tuple(Subject(name) for name in names),
        )


def _limits_that_never_hold(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """A limit holds from one limit after the hours begin: longer hours are needed to page ever."""
    feeds: defaultdict[tuple[float, Schedule], list[bytes]] = defaultdict(list)
    for one in looks:
        limit, hours = one.now.policy.quiet_limit_seconds, one.now.policy.active
        if limit is not None and hours is not None:
            feeds[limit, hours].append(one.now.name)
    for (limit, hours), names in feeds.items():
        longest = hours.longest_window_seconds
        if limit < longest:
            continue
        listed = name_list(names)
        yield Finding(
            FindingKind.LIMIT_NEVER_HOLDS,
            Sentence(
                f"silence of {listed.template} never pages: a limit of {duration(limit)} holds "
                f"from one limit after the hours begin, and they last {duration(longest)}",
                listed.names,
            ),
            tuple(Subject(name) for name in names),
        )


def _idempotence_that_overflows(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """Each producer's IDs fill what a stream remembers, so older ones are forgotten too early."""
    for one in looks:
        told = one.now.idempotence
        if told is not None and told.is_full:
            yield Finding(
                FindingKind.IDEMPOTENCE_OVERFLOWS,
                Sentence(
                    f"{{}} remembers {told.max_size:,} IDs of each producer and has no room left: "
                    "an entry that is sent again may pass, though IDs should hold for "
                    f"{duration(told.duration_seconds)}",
                    (one.now.name,),
                ),
                (Subject(one.now.name),),
            )


def _duplicates_that_rise(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """More than a tenth of what producers sent of late had come before: they retry."""
    for one in looks:
        now, then = one.now.idempotence, one.earlier and one.earlier.idempotence
        if now is None or then is None or one.seconds is None:
            continue
        twice = now.duplicates - then.duplicates
        if twice >= FEW_DUPLICATES and twice > DUPLICATES_SHARE * (now.added - then.added):
            yield Finding(
                FindingKind.DUPLICATES_RISE,
                Sentence(
                    f"in {duration(one.seconds)} {entries(twice)} came to {{}} a second time and "
                    f"{'was' if twice == 1 else 'were'} refused: a producer retries",
                    (one.now.name,),
                ),
                (Subject(one.now.name),),
            )


def _is_unread(looks: StreamLooks) -> bool:
    return bool(looks.now.exists and looks.now.length and not looks.now.groups)


def _renamed(looks: Sequence[StreamLooks]) -> set[bytes]:
    return {one.stream for finding in _unfinished_renames(looks) for one in finding.subjects}


_RULES: Final[tuple[Rule, ...]] = (
    _limits_that_never_hold,
    _unfinished_renames,
    _idempotence_that_overflows,
    _duplicates_that_rise,
    _unread_streams,
    _groups_without_publisher,
    _ids_that_are_no_clocks,
)
