"""The verdict on one Redis in a line, and on all of them in an exit code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from streamgauge.verdict.records import (
    Finding,
    GroupVerdict,
    KeyVerdict,
    RedisVerdict,
    StreamVerdict,
)
from streamgauge.verdict.states import FindingKind, Severity, StreamState, worst
from streamgauge.verdict.words import Sentence, counted, name_list, outside

UNREADABLE_EXIT_CODE: Final = 3
EXIT_CODES: Final = {
    Severity.OK: 0,
    Severity.UNKNOWN: 0,
    Severity.WARNING: 1,
    Severity.CRITICAL: 2,
}
_MOST_NAMED: Final = 3
UNREAD: Final = (StreamState.WRONG_TYPE, StreamState.UNREADABLE)


def exit_code(verdicts: Iterable[RedisVerdict]) -> int:
    """Return 0 for healthy, 1 for warnings, 2 for critical, 3 for a Redis that was not read.

    The highest of several counts. What is unknown is no problem by itself.
    """
    return max((_exit_code(verdict) for verdict in verdicts), default=0)


def severity_of(verdicts: Iterable[RedisVerdict]) -> Severity:
    """Return the most serious verdict of all; a Redis that was not read is critical."""
    return worst(Severity.CRITICAL if not one.up else one.severity for one in verdicts)


def trouble(verdict: RedisVerdict) -> list[Sentence]:
    """Say why Redis, or a node of a cluster, could not be read; of a stream, its state does."""
    said = []
    for server, (_, reason, detail, *_), hidden in verdict.outages():
        if not verdict.up:
            said.append(Sentence(f"{reason}: {{}}", (outside(detail),)))
            continue
        listed = name_list(sorted(hidden))
        what = f"; {counted(len(hidden), 'stream')} cannot be seen: {listed.template}"
        said.append(
            Sentence(
                f"node {{}} could not be read ({reason}): {{}}{what if hidden else ''}",
                (outside(server), outside(detail), *listed.names),
            )
        )
    return said


def problem_count(verdict: RedisVerdict, severity: Severity) -> int:
    """How many problems of one severity there are; a Redis that was not read is a critical one."""
    if not verdict.up:
        return int(severity is Severity.CRITICAL)
    return sum(1 for _ in _problems(verdict, severity))


def summary(verdict: RedisVerdict) -> Sentence:
    """Say in one line how this Redis is: what is wrong, or that all is as it is meant to be."""
    if not verdict.up:
        return Sentence("could not be read: nothing is known about its streams")
    problems = {
        severity: list(_problems(verdict, severity))
        for severity in (Severity.CRITICAL, Severity.WARNING)
    }
    if any(one.kind is FindingKind.NO_STREAM for one in verdict.findings):
        return Sentence("was read, but no stream was found, so nothing was judged")
    critical, warnings = problems[Severity.CRITICAL], problems[Severity.WARNING]
    if critical:
        more = f"; {counted(len(warnings), 'warning')}" if warnings else ""
        return _listed("critical: ", critical, more)
    if warnings:
        return _listed(f"works, with {counted(len(warnings), 'warning')}: ", warnings, "")
    if not verdict.streams:
        return Sentence("as designed: no stream is watched")
    if is_unclassified(verdict):
        unjudged = f"{len(verdict.streams):,} {StreamState.UNCLASSIFIED}"
        return Sentence(f"was read, but no stream is classified, so none was judged: {unjudged}")
    return Sentence(f"as designed: {state_counts(verdict.streams)}")


def is_unclassified(verdict: RedisVerdict) -> bool:
    """Whether there are streams, and nobody has said of any what its silence means."""
    states = {one.state for one in verdict.streams}
    return states == {StreamState.UNCLASSIFIED}


def state_counts(streams: Iterable[StreamVerdict]) -> str:
    """Count streams by their state: `21 streams: 9 flowing, 5 empty by design, ...`."""
    counts = Counter(one.state for one in streams)
    parts = [f"{counts[state]} {state}" for state in StreamState if counts[state]]
    return f"{counted(counts.total(), 'stream')}: {', '.join(parts)}"


def _exit_code(verdict: RedisVerdict) -> int:
    return EXIT_CODES[verdict.severity] if verdict.up else UNREADABLE_EXIT_CODE


def _problems(verdict: RedisVerdict, severity: Severity) -> Iterator[Sentence]:
    """Name every problem once: what a stream's state says already is no further one."""
    said = {one.stream.name for one in verdict.streams if one.state in UNREAD}
    findings = [
        one
        for one in verdict.findings
        if not one.subjects or not said.issuperset(subject.stream for subject in one.subjects)
    ]
    for verdicts in (verdict.streams, verdict.groups, verdict.keys, findings):
        for one in verdicts:
            if one.severity is severity:
                yield _named(one)


def _named(verdict: StreamVerdict | GroupVerdict | KeyVerdict | Finding) -> Sentence:
    match verdict:
        case StreamVerdict(stream, state):
            return Sentence(f"{{}} ({state})", (stream.name,))
        case GroupVerdict(stream, _, group, state):
            return Sentence(f"{{}} on {{}} ({state})", (group.name, stream))
        case KeyVerdict(key, state):
            return Sentence(f"{{}} ({state})", (key.declared.name,))
        case Finding(kind, _, [first, *_]):
            return Sentence(f"{kind} ({{}})", (first.stream,))
    return Sentence(str(verdict.kind))


def _listed(prefix: str, problems: list[Sentence], suffix: str) -> Sentence:
    """Name the first few; of more than that, the first of each kind before a second of any."""
    if len(problems) > _MOST_NAMED:
        firsts: dict[str, Sentence] = {}
        for one in problems:
            firsts.setdefault(one.template, one)
        problems = [*firsts.values(), *(one for one in problems if firsts[one.template] != one)]
    shown = problems[:_MOST_NAMED]
    more = f" and {len(problems) - len(shown)} more" if len(problems) > len(shown) else ""
    text = ", ".join(one.template for one in shown)
    return Sentence(
        f"{prefix}{text}{more}{suffix}", tuple(name for one in shown for name in one.names)
    )
