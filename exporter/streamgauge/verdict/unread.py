"""The verdicts on streams that could not be read: which, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from streamgauge.model.records import RedisSnapshot, Stream
from streamgauge.policy import UNCLASSIFIED, Policy, StreamClass, StreamPolicy
from streamgauge.verdict.faults import Fault, Faults
from streamgauge.verdict.records import Finding, StreamVerdict, Subject
from streamgauge.verdict.states import FindingKind, Severity, StreamState
from streamgauge.verdict.words import Sentence, counted, name_list

_WRONG_TYPE: Final = "wrongtype"


def unread_verdicts(
    faults: Iterable[Fault], at: float, policy: Policy | None
) -> Iterator[StreamVerdict]:
    """Judge every stream that could not be read, unless it is ignored."""
    for fault in faults:
        declared = _policy_of(fault.name, policy)
        if declared is not None:
            yield _unread_verdict(fault, declared, at)


def unread_findings(
    verdicts: Sequence[StreamVerdict],
    snapshot: RedisSnapshot,
    faults: Faults,
    policy: Policy | None,
) -> Iterator[Finding]:
    """Name the streams that nobody can judge; where no name is known, say how many there are."""
    yield from _wrong_types(verdicts)
    names = _names_by_count(faults, policy)
    for count in snapshot.error_counts:
        key = count.stream_class, count.reason
        known = names.get(key, ())
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


def _unread_verdict(fault: Fault, policy: StreamPolicy, at: float) -> StreamVerdict:
    is_wrong = fault.reason == _WRONG_TYPE
    stream = Stream(
        fault.name, policy.stream_class, 0 if is_wrong else None, policy.quiet_limit_at(at)
    )
    if is_wrong:
        why = Sentence("the key of this name holds another type, so there is no such stream")
        return StreamVerdict(stream, StreamState.WRONG_TYPE, why)
    why = Sentence(f"could not be read ({fault.reason}): {{}}", (fault.detail,))
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


def _names_by_count(
    faults: Faults, policy: Policy | None
) -> Mapping[tuple[StreamClass, str], list[bytes]]:
    """Sort the names that are known into the counts in which they are."""
    names: defaultdict[tuple[StreamClass, str], list[bytes]] = defaultdict(list)
    reasons = [(one.name, one.reason) for one in faults.streams]
    reasons += [(name, node.reason) for node in faults.nodes for name in node.streams]
    for name, reason in reasons:
        declared = _policy_of(name, policy)
        if declared is not None:
            names[declared.stream_class, reason].append(name)
    return names


def _policy_of(name: bytes, policy: Policy | None) -> StreamPolicy | None:
    return policy.resolve(name) if policy else UNCLASSIFIED
