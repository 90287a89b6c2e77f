"""From looks at one Redis to the verdicts on it: pure, with the time in the looks."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

from streamgauge.model.looks import EarlierLook
from streamgauge.model.records import RedisSnapshot
from streamgauge.verdict.entries import entry_findings
from streamgauge.verdict.findings import findings
from streamgauge.verdict.group import group_verdict, missing_verdict
from streamgauge.verdict.keys import key_count_verdict, key_verdict
from streamgauge.verdict.looks import paired, seconds_between
from streamgauge.verdict.records import (
    Finding,
    GroupVerdict,
    KeyVerdict,
    RedisVerdict,
    StreamVerdict,
)
from streamgauge.verdict.states import GroupState
from streamgauge.verdict.stream import stream_verdict
from streamgauge.verdict.unread import overlooked, unknowns, unread_findings, unread_verdicts


def judge(snapshot: RedisSnapshot, earlier: EarlierLook | None = None) -> RedisVerdict:
    """Judge everything one look shows, or two looks at the same Redis; problems come first."""
    seconds = seconds_between(snapshot, earlier)
    verdict = RedisVerdict(
        snapshot.redis,
        snapshot.db,
        up=bool(snapshot.up),
        at=snapshot.at,
        seconds=seconds if snapshot.up else None,
        failures=snapshot.failures,
    )
    if not snapshot.up:
        return verdict
    unread = unread_verdicts(snapshot)
    hidden = {one.stream.name for one in unread}
    looks = [one for one in paired(snapshot, earlier) if one.now.name not in hidden]
    streams = [*map(stream_verdict, looks), *unread]
    streams.sort(key=attrgetter("stream.name"))
    judged = [(group, group_verdict(group)) for one in looks for group in one.groups()]
    groups = [one for _, one in judged]
    groups += [missing_verdict(one.now, group) for one in looks for group in one.now.absent_groups]
    groups.sort(key=lambda one: (one.stream, one.group.name))
    found = [
        *unread_findings(unread, snapshot),
        *findings(looks),
        *entry_findings(judged),
        *overlooked(streams, snapshot),
    ]
    keys = [key_verdict(key) for key in snapshot.keys]
    for verdicts in (streams, groups, found, keys):
        verdicts.sort(key=_seriousness, reverse=True)  # stable: names stay in their order
    return replace(
        verdict,
        streams=streams,
        groups=groups,
        findings=found,
        unknowns=tuple(unknowns(looks, snapshot, seconds)),
        keys=keys,
        key_counts=[key_count_verdict(count) for count in snapshot.key_counts],
    )


def _seriousness(one: StreamVerdict | GroupVerdict | Finding | KeyVerdict) -> tuple[int, bool]:
    """What is lost cannot be had back: that comes before what waits."""
    loses = isinstance(one, GroupVerdict) and one.state is GroupState.LOSING_ENTRIES
    return one.severity.rank, loses
