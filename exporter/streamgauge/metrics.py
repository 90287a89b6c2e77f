"""The metric table: everything the exporter says of Redis and of itself, one line per metric.

To add a metric whose value a record already holds, add a line. Where oliver006/redis_exporter has
a metric of the same name, the meaning and its labels are the same.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple

Value = int | float | None


class Level(enum.Enum):
    """What a metric is about; the value is its label names."""

    REDIS = ("redis",)
    INSTANCE = ("redis", "role")
    STREAM = ("redis", "db", "stream", "class")
    GROUP = ("redis", "db", "stream", "class", "group")
    CONSUMER = ("redis", "db", "stream", "class", "group", "consumer")
    REACTION = ("redis", "db", "stream", "class", "after")
    KEY = ("redis", "db", "key")
    PATTERN = ("redis", "db", "pattern")
    ERRORS = ("redis", "class", "reason")
    KEY_ERRORS = ("redis", "reason")
    CLASS = ("redis", "class")
    STAGE = ("redis", "stage")
    PROCESS = ()
    BUILD = ("version", "python")


class Metric(NamedTuple):
    """One exported metric; the getter takes the record of its level and returns None for unknown."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    level: Level
    value: Callable[[Any], Value]


def _gauge(name: str, level: Level, field: str, text: str) -> Metric:
    return Metric(name, "gauge", text, level, attrgetter(field))


def _counter(name: str, level: Level, field: str, text: str) -> Metric:
    return Metric(name, "counter", text, level, attrgetter(field))


def _idmp(name: str, kind: Literal["gauge", "counter"], field: str, text: str) -> Metric:
    """What Redis 8.6 and newer tell of the IDs by which entries that come twice are refused."""

    def value(stream: Any) -> Value:
        told = stream.idempotence
        return None if told is None else of_told(told)

    of_told: Callable[[Any], Value] = attrgetter(field)
    return Metric(f"redis_stream_idmp_{name}", kind, text, Level.STREAM, value)


_R, _S, _G, _C, _K = Level.REDIS, Level.STREAM, Level.GROUP, Level.CONSUMER, Level.KEY

# fmt: off
METRICS: Final = (
    _gauge("redis_up", _R, "up", "1 when this scrape read the server (of a cluster: any primary), else 0."),
    Metric("redis_instance_info", "gauge", "Always 1; the label names the server's role, master or slave; absent when the server does not tell.", Level.INSTANCE, lambda _: 1),

    _gauge("redis_stream_exists", _S, "exists", "1; 0 for a declared stream that is absent and for a continuous one that has gone."),
    _gauge("redis_stream_length", _S, "length", "Entries in the stream (XLEN)."),
    _gauge("redis_stream_last_entry_age_seconds", _S, "age_seconds", "Time since the last entry was added, on the server's clock; survives trimming; absent when nothing was ever added."),
    _gauge("redis_stream_last_entry_timestamp_seconds", _S, "last_entry_timestamp_seconds", "Unix time at which the last entry was added."),
    _gauge("redis_stream_first_entry_timestamp_seconds", _S, "first_entry_timestamp_seconds", "Unix time of the oldest entry still held; absent when the stream is empty."),
    _counter("redis_stream_entries_added_total", _S, "entries_added", "Entries ever added to the stream (Redis 7 and newer)."),
    _gauge("redis_stream_groups", _S, "group_count", "Consumer groups of the stream."),
    _gauge("redis_stream_length_limit", _S, "length_limit", "How many entries the stream may hold; absent when no limit is declared."),
    _gauge("redis_stream_quiet_limit_seconds", _S, "quiet_limit_seconds", "How long a continuous stream may be silent; +Inf outside its active hours, and for one limit after they open or Redis comes back."),

    _idmp("duration_seconds", "gauge", "duration_seconds", "How long the stream remembers the IDs that producers give their entries, to refuse duplicates (Redis 8.6 and newer)."),
    _idmp("max_size", "gauge", "max_size", "How many of these IDs it remembers of each producer at most."),
    _idmp("producer_ids_tracked", "gauge", "producers", "Producers of which it remembers IDs."),
    _idmp("idempotent_ids_tracked", "gauge", "tracked", "IDs that it remembers."),
    _idmp("entries_added_total", "counter", "added", "Entries added with such an ID."),
    _idmp("duplicates_total", "counter", "duplicates", "Entries refused because their ID was remembered."),

    _gauge("redis_stream_group_lag", _G, "lag", "Entries not yet delivered to the group, corrected for what the server misreports; absent when unknown, and on a replica."),
    _gauge("redis_stream_group_lag_seconds", _G, "lag_seconds", "Age of the oldest entry not yet delivered to the group; 0 when caught up."),
    _gauge("redis_stream_group_lag_limit_seconds", _G, "lag_limit_seconds", "How long an entry may wait for the group; absent when no limit is declared."),
    _gauge("redis_stream_group_exists", _G, "exists", "1; 0 for a declared group that is absent while its stream exists."),
    _gauge("redis_stream_group_stalled_seconds", _G, "stalled_seconds", "For how long entries have waited while the group was handed none; 0 when none waits."),
    _gauge("redis_stream_group_falling_behind_seconds", _G, "falling_behind_seconds", "For how long the backlog of a group that is past its limit has kept reaching new highs; 0 within the limit; absent without one."),
    _counter("redis_stream_group_entries_lost_total", _G, "entries_lost", "Entries seen to leave the stream before the group was handed them: a lower bound."),
    _gauge("redis_stream_group_retention_used_ratio", _G, "retention_used_ratio", "Entries that wait for the group by entries held: at 1 the next trim loses some; absent until the stream was seen to be trimmed."),
    _gauge("redis_stream_group_consumers", _G, "consumers", "Consumers of the group."),
    _gauge("redis_stream_group_consumers_dead", _G, "consumers_dead", "Consumers not seen for a day, while the group was handed ten entries or more for each of its consumers; absent where that is not counted."),
    _gauge("redis_stream_group_messages_pending", _G, "pending", "Entries delivered and not yet acknowledged."),
    _gauge("redis_stream_group_messages_nacked", _G, "nacked", "Pending entries that a consumer gave back by XNACK and that nobody owns now (Redis 8.8 and newer)."),
    _gauge("redis_stream_group_oldest_pending_age_seconds", _G, "oldest_pending_age_seconds", "Age of the pending entry with the smallest ID; 0 when none is pending."),
    _gauge("redis_stream_group_oldest_pending_deliveries", _G, "oldest_pending_deliveries", "How often the pending entry with the smallest ID was delivered; 0 when none is pending."),
    _gauge("redis_stream_group_unacknowledged_seconds", _G, "unacknowledged_seconds", "For how long the oldest pending entry has been delivered and not acknowledged; 0 when none is pending."),
    _gauge("redis_stream_group_ack_limit_seconds", _G, "ack_limit_seconds", "How long an entry may stay unacknowledged; absent when no limit is declared."),
    _gauge("redis_stream_group_entries_read", _G, "entries_read", "Entries the group ever read (Redis 7 and newer); absent when the server does not know."),
    _gauge("redis_stream_group_last_delivered_timestamp_seconds", _G, "last_delivered_timestamp_seconds", "The group's cursor: the Unix time in the ID of the last entry it was given, which is when that entry was added; absent when none was."),

    _gauge("redis_stream_group_consumer_messages_pending", _C, "pending", "Entries delivered to the consumer and not yet acknowledged."),
    _gauge("redis_stream_group_consumer_idle_seconds", _C, "idle_seconds", "Time since the consumer last tried to read."),
    _gauge("redis_stream_group_consumer_inactive_seconds", _C, "inactive_seconds", "Time since the consumer last read something (Redis 7.2 and newer); absent when it never did."),

    _gauge("redis_stream_reaction_wait_seconds", Level.REACTION, "wait_seconds", "For how long the oldest entry of the stream `after` has gone unanswered in this one; 0 when it is answered; absent when unknown."),
    _gauge("redis_stream_reaction_limit_seconds", Level.REACTION, "limit_seconds", "How long an answer may take; +Inf for a while after Redis comes back."),

    _gauge("redis_key_exists", _K, "exists", "1; 0 for a declared state key that is absent."),
    _gauge("redis_key_ttl_seconds", _K, "ttl_seconds", "Time until the key expires; absent when it never does."),
    _gauge("redis_key_deadline_seconds", _K, "deadline_seconds", "Time until the deadline in the key's declared field, on the server's clock; negative once it has passed; absent when no field is declared or it holds no time."),
    _gauge("redis_keys_matching", Level.PATTERN, "keys", "Keys whose name matches, counted in the background; absent until the whole keyspace was walked, and while it cannot be."),

    _gauge("streamgauge_stream_errors", Level.ERRORS, "streams", "Known streams that could not be read in this scrape."),
    _gauge("streamgauge_key_errors", Level.KEY_ERRORS, "keys", "Declared state keys that could not be read in this scrape, or only their deadline (notime: the field is missing or holds no time)."),
    _gauge("streamgauge_streams", Level.CLASS, "streams", "Streams read in this scrape."),
    _gauge("streamgauge_groups_vanished", Level.CLASS, "groups_vanished", "Groups with a limit, not declared, that were seen and are gone while their stream is there; each is counted for a day."),
    _gauge("streamgauge_streams_dropped", _R, "streams_dropped", "Streams found and not exported because there are more than max_streams; absent until some were looked for."),
    _gauge("streamgauge_streams_read_whole", _R, "streams_read_whole", "Streams with large entries that every scrape reads whole, because the server runs no read-only script for this user."),
    _gauge("streamgauge_groups_lag_unknown", _R, "groups_lag_unknown", "Groups whose lag in entries the server cannot tell."),
    _gauge("streamgauge_scrape_duration_seconds", Level.STAGE, "seconds", "Time this scrape took, by stage."),
    _gauge("streamgauge_discovery_last_success_timestamp_seconds", _R, "discovery_last_success_timestamp_seconds", "Unix time at which the keyspace (in a cluster: of every primary) was last walked from end to end."),
    _gauge("streamgauge_discovery_duration_seconds", _R, "discovery_duration_seconds", "Time that walk took."),
    _gauge("streamgauge_clock_offset_seconds", _R, "clock_offset_seconds", "The server's clock minus the exporter's; in a cluster, of the node that is furthest off."),
    _gauge("streamgauge_config_last_reload_successful", Level.PROCESS, "config_reload_successful", "1 when the configuration file was read without a mistake the last time, else 0."),
    _gauge("streamgauge_config_last_reload_success_timestamp_seconds", Level.PROCESS, "config_reload_timestamp_seconds", "Unix time at which the configuration in force was read."),
    Metric("streamgauge_build_info", "gauge", "Always 1; the labels name the version of the exporter and of Python.", Level.BUILD, lambda _: 1),
)
# fmt: on
