"""What is proposed for one stream, and why: every line of a rule has its evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace

from streamgauge.policy import StreamClass
from streamgauge.schedule import Schedule
from streamgauge.verdict.words import Sentence


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule would say; streams with equal terms can share one. Infinite is `none`."""

    stream_class: StreamClass
    lag_limit_seconds: float
    quiet_limit_seconds: float | None = None
    active: Schedule | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The terms for one stream, None where its history does not tell, and a reason for each.

    `groups` are those that were there, and `is_brief` a stream of one or two entries in all.
    `silent_seconds` is set when the stream is silent for longer than the limit proposed for it.
    """

    name: bytes
    terms: Terms | None
    class_reason: str
    quiet_reason: str = ""
    active_reason: str = ""
    lag_reason: str = ""
    longest_seconds: float = 0.0
    silent_seconds: float | None = None
    slow_groups: Sentence | None = None
    groups: tuple[bytes, ...] = ()
    is_brief: bool = False


def agreed(one: Proposal, other: Proposal) -> Proposal:
    """One proposal for a name that two servers have: a rule holds for all of them.

    The longer quiet limit counts. Where only one history tells, it decides; where they contradict
    each other, nothing is proposed.
    """
    first, second = one.terms, other.terms
    if first is None or second is None:
        return other if first is None else one
    if replace(first, quiet_limit_seconds=None) != replace(second, quiet_limit_seconds=None):
        reason = (
            f"{first.stream_class} on one server, {second.stream_class} or otherwise on another"
        )
        return Proposal(name=one.name, terms=None, class_reason=reason)
    loosest = max(one, other, key=lambda each: (each.terms and each.terms.quiet_limit_seconds) or 0)
    return replace(
        loosest,
        silent_seconds=one.silent_seconds or other.silent_seconds,
        slow_groups=one.slow_groups or other.slow_groups,
        groups=tuple(name for name in one.groups if name in other.groups),
    )
