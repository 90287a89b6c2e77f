"""Streams that were not looked at: a verdict on the rest is none on all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized
from typing import Final

from streamgauge.model.records import RedisSnapshot
from streamgauge.verdict.records import Finding
from streamgauge.verdict.states import FindingKind
from streamgauge.verdict.words import Sentence, counted, duration

STALE_SECONDS: Final = 3_600.0
"""A walk longer ago than this, and than two more walks take, found nothing that is new since.
The alert RedisStreamsDiscoveryStale allows as much."""


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
