"""The verdicts on streams that could not be read: which, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from streamgauge.model.records import Failure, RedisSnapshot, Stream
from streamgauge.policy import StreamClass
from streamgauge.verdict.records import Finding, StreamVerdict, Subject
from streamgauge.verdict.states import FindingKind, Severity, StreamState
from streamgauge.verdict.words import Sentence, counted, name_list, outside

_WRONG_TYPE: Final = "wrongtype"


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
