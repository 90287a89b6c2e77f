"""What these looks leave open, said in words, so that nobody takes silence for an answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamgauge.model.records import RedisSnapshot
from streamgauge.policy import StreamClass
from streamgauge.verdict.looks import StreamLooks
from streamgauge.verdict.words import Sentence, counted, name_list


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
