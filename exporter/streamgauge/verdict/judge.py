"""From looks at one Redis to the verdicts on it: pure, with the time as an argument."""

from __future__ import annotations

from operator import attrgetter

from streamgauge.policy import Policy
from streamgauge.verdict.faults import NO_FAULTS, Faults
from streamgauge.verdict.findings import findings
from streamgauge.verdict.group import group_verdict, missing_verdict
from streamgauge.verdict.keys import key_count_verdict, key_verdict
from streamgauge.verdict.looks import Look, paired, seconds_between
from streamgauge.verdict.overlooked import overlooked
from streamgauge.verdict.records import RedisVerdict
from streamgauge.verdict.stream import stream_verdict
from streamgauge.verdict.unknowns import unknowns
from streamgauge.verdict.unread import unread_findings, unread_verdicts


def judge(
    now: Look,
    earlier: Look | None = None,
    policy: Policy | None = None,
    faults: Faults = NO_FAULTS,
) -> RedisVerdict:
    """Judge everything one look shows, or two looks at the same Redis; problems come first.

    The records carry classes and limits; the policy is asked only for what they do not hold, such
    as the quiet limit of a feed that is outside its hours. `faults` are what the look could not
    read.
    """
    snapshot, seconds = now.snapshot, seconds_between(now, earlier)
    if not snapshot.up:
        return RedisVerdict(
            snapshot.redis, snapshot.db, up=False, at=now.at, seconds=None, faults=faults
        )
    unread = list(unread_verdicts(faults.streams, now.at, policy))
    hidden = {one.stream.name for one in unread}
    looks = [one for one in paired(now, earlier, policy) if one.now.name not in hidden]
    streams = [*(stream_verdict(one) for one in looks), *unread]
    streams.sort(key=attrgetter("stream.name"))
    groups = [group_verdict(group) for one in looks for group in one.groups()]
    groups += [missing_verdict(one.now, group) for one in looks for group in one.now.absent_groups]
    groups.sort(key=lambda one: (one.stream, one.group.name))
    found = [
        *unread_findings(unread, snapshot, faults, policy),
        *findings(looks),
        *overlooked(streams, snapshot, now.at),
    ]
    keys = [key_verdict(key) for key in snapshot.keys]
    for verdicts in (streams, groups, found, keys):
        verdicts.sort(key=_seriousness, reverse=True)  # stable: names stay in their order
    return RedisVerdict(
        snapshot.redis,
        snapshot.db,
        up=True,
        at=now.at,
        seconds=seconds,
        streams=streams,
        groups=groups,
        findings=found,
        unknowns=tuple(unknowns(looks, snapshot, seconds)),
        keys=keys,
        key_counts=[key_count_verdict(count) for count in snapshot.key_counts],
        faults=faults,
    )


_seriousness = attrgetter("severity.rank")
