"""What could not be read, what was not looked at, and what these looks leave open."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Final

from streamgauge.model.records import Failure, RedisSnapshot, Stream
from streamgauge.policy import StreamClass
from streamgauge.verdict.looks import StreamLooks
from streamgauge.verdict.records import Finding, StreamVerdict, Subject
from streamgauge.verdict.states import FindingKind, Severity, StreamState
from streamgauge.verdict.words import Sentence, counted, duration, name_list, outside

_WRONG_TYPE: Final = "wrongtype"

STALE_SECONDS: Final = 3_600.0
"""A walk longer ago than this, and than two more walks take, found nothing that is new since.
The alert RedisStreamsDiscoveryStale allows as much."""


def unread_verdicts(snapshot: RedisSnapshot) -> list[StreamVerdict]:
    """Judge every stream that could not be read; of a node that is out, the node is named."""
    return [
        _unread_verdict(failure.subject, failure, snapshot.at)
        for failure in snapshot.failures
        if isinstance(failure.subject, bytes) and failure.server is None
    ]


def unread_findings(
    verdicts: Sequence[StreamVerdict], snapshot: RedisSnapshot
) -> Iterator[Finding]:
    """Name the streams that nobody can judge; where no name is known, say how many there are."""
    yield from _wrong_types(verdicts)
    names: defaultdict[tuple[StreamClass, str], list[bytes]] = defaultdict(list)
    for subject, reason, _, _, policy in snapshot.failures:
        if isinstance(subject, bytes):
            names[policy.stream_class, reason].append(subject)
    for count in snapshot.error_counts:
        known = names.get((count.stream_class, count.reason), ())
        if not count.streams or (known and count.reason == _WRONG_TYPE):
            continue
        is_feed = count.stream_class is StreamClass.CONTINUOUS
        kind = FindingKind.FEED_UNREADABLE if is_feed else FindingKind.STREAM_UNREADABLE
        streams = counted(count.streams, f"{count.stream_class} stream")
        sentence = Sentence(f"{streams} could not be read ({count.reason})")
        if known:
            listed = name_list(known)
            sentence = Sentence(f"{sentence.template}: {listed.template}", listed.names)
        yield Finding(kind, sentence, tuple(Subject(name) for name in known))


def _unread_verdict(name: bytes, failure: Failure, at: float) -> StreamVerdict:
    is_wrong, policy = failure.reason == _WRONG_TYPE, failure.policy
    limit = policy.quiet_limit_at(at)
    stream = Stream(name, policy.stream_class, 0 if is_wrong else None, limit, policy=policy)
    if is_wrong:
        why = Sentence("the key of this name holds another type, so there is no such stream")
        return StreamVerdict(stream, StreamState.WRONG_TYPE, why)
    why = Sentence(f"could not be read ({failure.reason}): {{}}", (outside(failure.detail),))
    return StreamVerdict(stream, StreamState.UNREADABLE, why)


def _wrong_types(verdicts: Iterable[StreamVerdict]) -> Iterator[Finding]:
    """Name the keys of another type: those that page, and those that do not."""
    wrong = [one for one in verdicts if one.state is StreamState.WRONG_TYPE]
    for severity, kind in (
        (Severity.CRITICAL, FindingKind.FEED_OF_ANOTHER_TYPE),
        (Severity.WARNING, FindingKind.STREAM_OF_ANOTHER_TYPE),
    ):
        names = [one.stream.name for one in wrong if one.severity is severity]
        if names:
            listed = name_list(names)
            holds = "holds" if len(names) == 1 else "hold"
            yield Finding(
                kind,
                Sentence(
                    f"{listed.template} {holds} another type than a stream: "
                    "redis-cli TYPE tells which",
                    listed.names,
                ),
                tuple(Subject(name) for name in names),
            )


def overlooked(streams: Sized, snapshot: RedisSnapshot) -> Iterator[Finding]:
    """Say what was not looked at."""
    if _is_nothing(streams, snapshot):
        yield _nothing_found(snapshot)
    else:
        yield from _not_walked(snapshot)
    yield from _left_out(snapshot)


def _is_nothing(streams: Sized, snapshot: RedisSnapshot) -> bool:
    unread = any(count.streams for count in snapshot.error_counts)
    return not (streams or unread or snapshot.keys or snapshot.key_counts)


def _nothing_found(snapshot: RedisSnapshot) -> Finding:
    """A Redis without anything to judge is healthy only if that is what was asked about."""
    why = "no stream matches discovery.match, and streams declares none"
    if snapshot.discovery_last_success_timestamp_seconds is None:
        why = "the keyspace was not walked to its end"
    return Finding(FindingKind.NO_STREAM, Sentence(f"nothing was judged: {why}"))


def _not_walked(snapshot: RedisSnapshot) -> Iterator[Finding]:
    """Whoever was never walked, or long ago, may have streams that nobody knows of."""
    age = _seconds_since_walk(snapshot)
    if age <= STALE_SECONDS + 2 * (snapshot.discovery_duration_seconds or 0.0):
        return
    why = "was not walked to its end yet: streams that nobody declared may be missing here"
    if math.isfinite(age):
        why = f"was last walked to its end {duration(age)} ago: newer streams are not seen"
    yield Finding(FindingKind.NOT_WALKED, Sentence(f"the keyspace {why}"))


def _left_out(snapshot: RedisSnapshot) -> Iterator[Finding]:
    """More streams than are allowed: of those beyond, nobody knows how they are."""
    dropped = snapshot.streams_dropped
    if dropped:
        were = f"{counted(dropped, 'stream')} {'was' if dropped == 1 else 'were'}"
        why = "there are more than discovery.max_streams allows"
        yield Finding(FindingKind.LEFT_OUT, Sentence(f"{were} found and not looked at: {why}"))


def _seconds_since_walk(snapshot: RedisSnapshot) -> float:
    """The age of the last whole walk, which this machine's clock timed; infinite for none."""
    walked = snapshot.discovery_last_success_timestamp_seconds
    if walked is None:
        return math.inf
    return snapshot.at - (snapshot.clock_offset_seconds or 0.0) - walked


def unknowns(
    looks: Sequence[StreamLooks], snapshot: RedisSnapshot, seconds: float | None
) -> Iterator[Sentence]:
    """Name every question that somebody may take for answered; `seconds` lie between two looks."""
    if seconds is None:
        yield Sentence(
            "Rates, growth and whether a cursor moves: one look cannot see them, two can."
        )
    yield from _about(
        "What silence means for {}: nobody has said what class it is.",
        [one.now.name for one in looks if one.now.stream_class is StreamClass.UNCLASSIFIED],
    )
    yield from _about(
        "Whether anything would ever publish to {}: nothing has yet.",
        [
            one.now.name
            for one in looks
            if one.never_written and one.now.groups and one.now.stream_class is StreamClass.EVENT
        ],
    )
    if any(_uncounted(one) for one in looks):
        yield Sentence("How many entries wait: this server does not count them (before Redis 7).")
    yield from _about(
        "Who the consumers are of a group on {}: there are too many to list.",
        [one.now.name for one in looks if _has_unlisted_consumers(one)],
    )
    if snapshot.streams_dropped:
        streams = counted(snapshot.streams_dropped, "stream")
        yield Sentence(f"Anything about {streams} beyond discovery.max_streams.")
    if snapshot.discovery_last_success_timestamp_seconds is None:
        yield Sentence("Whether there are more streams: the keyspace was not walked to its end.")
    yield Sentence(
        "Which service publishes to a stream, and who reads one without a group: Redis keeps no "
        "record of either."
    )


def _about(template: str, names: Sequence[bytes]) -> Iterator[Sentence]:
    if names:
        listed = name_list(names)
        yield Sentence(template.replace("{}", listed.template), listed.names)


def _uncounted(looks: StreamLooks) -> bool:
    groups = looks.now.groups
    return looks.now.entries_added is None and any(group.lag is None for group in groups)


def _has_unlisted_consumers(looks: StreamLooks) -> bool:
    return any(group.consumers > len(group.consumer_list) for group in looks.now.groups)
