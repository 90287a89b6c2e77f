"""From what was seen of a watched Redis to the verdicts on it."""

from __future__ import annotations

from streamgauge import watched
from streamgauge.policy import Policy
from streamgauge.verdict.faults import Fault, Faults
from streamgauge.verdict.judge import judge
from streamgauge.verdict.records import RedisVerdict


def verdict_on(seen: watched.Seen, policy: Policy | None = None) -> RedisVerdict:
    """Judge what was seen, and what was not."""
    return judge(
        seen.look,
        seen.earlier,
        policy or seen.policy,
        _faults(seen.look.snapshot.redis, seen.faults),
    )


def _faults(redis: str, faults: watched.Faults) -> Faults:
    server = faults.server
    return Faults(
        None if server is None else Fault(_bytes(redis), server.reason, _bytes(str(server))),
        [
            Fault(_bytes(address), outage.error.reason, _bytes(str(outage.error)), outage.names)
            for address, outage in faults.nodes.items()
        ],
        [Fault(one.name, one.reason, _bytes(one.detail)) for one in faults.streams],
    )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
