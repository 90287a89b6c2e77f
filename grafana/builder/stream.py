"""Stream and groups: everything about one stream, and about each group that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import BigValueTextMode
from grafana_foundation_sdk.models.units import PercentUnit, Seconds, Short

from builder import queries as promql
from builder.frame import ANY_OR_ABSENT, alerts, dashboard, variable
from builder.panels import (
    COUNT_THRESHOLDS,
    PER_SECOND,
    SHARE_THRESHOLDS,
    UNKNOWN,
    Panel,
    Query,
    stat_panel,
    time_panel,
)
from builder.queries import Scope
from builder.states import STREAM_STATES
from builder.tables import Column, LabelColumn, table_panel

UID: Final = "streamgauge-stream"
SCOPE: Final = Scope(
    'job=~"$job", redis=~"$redis", class=~"$class", stream=~"$stream"',
    group_matchers=', group=~"$group"',
)

_CONSUMERS: Final = 100
_STREAM: Final = "{{redis}} {{stream}}"
_GROUP: Final = f"{{{{group}}}}, {_STREAM}"
_NEVER_WRITTEN: Final = "never written, or unknown"
_NO_LIMIT: Final = "no limit declared"
_NEEDS_STREAMGAUGE: Final = "unknown: needs the exporter of this project"
_NEEDS_REDIS_7: Final = "unknown: needs Redis 7 and the exporter of this project"


def build() -> Dashboard:
    """The dashboard an alert about a stream leads to."""
    result = dashboard(
        UID,
        "Redis stream and groups",
        "One stream: how it is written, and how each of its consumer groups keeps up.",
    )
    exported = '__name__=~"redis_stream_length|redis_stream_exists"'
    of_stream = 'job=~"$job", redis=~"$redis", class=~"$class"'
    of_group = f'redis_stream_group_consumers{{{of_stream}, stream=~"$stream"}}'
    for each in (
        variable("job", "Job", f"label_values({{{exported}}}, job)"),
        variable(
            "redis",
            "Redis",
            f'label_values({{{exported}, job=~"$job"}}, redis)',
            any_value=ANY_OR_ABSENT,
        ),
        variable(
            "class",
            "Class",
            f'label_values({{{exported}, job=~"$job", redis=~"$redis"}}, class)',
            any_value=ANY_OR_ABSENT,
        ),
        # All of thousands of streams would draw thousands of lines.
        variable(
            "stream",
            "Stream",
            f"label_values({{{exported}, {of_stream}}}, stream)",
            include_all=False,
        ),
        variable("group", "Group", f"label_values({of_group}, group)"),
    ):
        result.with_variable(each)
    result.annotation(alerts('job=~"$job", redis=~"$redis|", stream=~"$stream|", group=~"$group|"'))
    for panel in (*_stats(), *_writing(), *_reading(), *_pending()):
        result.with_panel(panel)
    result.with_panel(_consumers())
    return result


def _stats() -> Iterator[Panel]:
    yield stat_panel(
        "State",
        "What the class of the stream makes of its age, its length and its groups' lag.",
        Query(promql.per_stream(promql.stream_state(SCOPE), "min"), _STREAM),
        states=STREAM_STATES,
        no_value="not found",
    )
    classified = SCOPE.having('class!=""')
    yield stat_panel(
        "Class",
        "What the stream was declared to be: continuous, hybrid or event.",
        Query(
            f"max by (redis, class) ({promql.length(classified)} or {promql.exists(classified)})",
            "{{class}}",
        ),
        no_value="no class",
        text=BigValueTextMode.NAME,
    )
    yield stat_panel(
        "Age of last entry",
        "Time since something was added, also when it was trimmed since.",
        Query(promql.lowest(promql.age(SCOPE)), _STREAM),
        unit=Seconds,
        no_value=_NEVER_WRITTEN,
    )
    yield stat_panel(
        "Age / limit",
        "Age of the last entry as a share of the limit: 100 % is the limit. Only a continuous "
        "stream has one.",
        Query(promql.lowest(promql.age_share(SCOPE)), _STREAM),
        unit=PercentUnit,
        thresholds=SHARE_THRESHOLDS,
        no_value=_NO_LIMIT,
        decimals=0,
        span=3,
    )
    yield stat_panel(
        "Wait / limit",
        "How long the oldest entry waits, for the group nearest to its limit: 100 % is the limit.",
        Query(f"max({promql.lowest(promql.lag_share(SCOPE))})"),
        unit=PercentUnit,
        thresholds=SHARE_THRESHOLDS,
        no_value=_NO_LIMIT,
        decimals=0,
        span=3,
    )
    yield stat_panel(
        "Pending",
        "Entries that consumers of all groups took and have not acknowledged.",
        Query(f"sum({promql.highest(SCOPE('redis_stream_group_messages_pending'))})"),
        unit=Short,
        no_value="no group",
        span=3,
    )
    yield stat_panel(
        "Lost",
        "Entries that left the stream in this time range before a group had read them.",
        Query(f"sum(\n{promql.lost_in_range(SCOPE)}\n)"),
        unit=Short,
        thresholds=COUNT_THRESHOLDS,
        no_value=UNKNOWN,
        span=3,
    )


def _writing() -> Iterator[Panel]:
    yield time_panel(
        "Length",
        "Entries held, and how many may be.",
        Query(promql.highest(promql.length(SCOPE)), _STREAM),
        Query(
            promql.highest(SCOPE("redis_stream_length_limit")), f"limit, {_STREAM}", is_limit=True
        ),
        no_value="not found",
    )
    yield time_panel(
        "Age of last entry",
        "The limit is there for continuous streams inside their active hours.",
        Query(promql.lowest(promql.age(SCOPE)), _STREAM),
        Query(
            f"{promql.highest(promql.quiet_limit(SCOPE))} < +Inf",
            f"limit, {_STREAM}",
            is_limit=True,
        ),
        unit=Seconds,
        no_value=_NEVER_WRITTEN,
    )


def _reading() -> Iterator[Panel]:
    yield time_panel(
        "Entries in, and out to each group",
        "Entries added and entries read, per second. A group below the stream falls behind.",
        Query(promql.highest(promql.added(SCOPE)), f"added, {_STREAM}"),
        Query(promql.highest(promql.read(SCOPE)), f"read, {_GROUP}"),
        unit=PER_SECOND,
        no_value=_NEEDS_REDIS_7,
    )
    yield time_panel(
        "Lag",
        "Entries not yet given to a group. Where the server cannot tell, there is no line.",
        Query(promql.lowest(promql.lag(SCOPE)), _GROUP),
        no_value=UNKNOWN,
    )
    yield _beside_its_limit(
        "Wait",
        "Age of the oldest entry a group was not given, and how old it may be.",
        promql.lowest(promql.lag_seconds(SCOPE)),
        promql.lag_limit(SCOPE),
    )
    yield _beside_its_limit(
        "Standing still",
        "How long a group has been handed nothing while entries wait, and how long it may.",
        promql.highest(promql.standing(SCOPE)),
        promql.standing_limit(SCOPE),
    )
    yield _beside_its_limit(
        "Falling behind",
        "How long a group past its limit has fallen further behind, and how long it may.",
        promql.highest(promql.falling_behind(SCOPE)),
        promql.falling_behind_limit(SCOPE),
    )
    yield time_panel(
        "Time to drain",
        "How long until a group has caught up if both rates stay as they are. No line: it falls "
        "behind, or the server does not count entries.",
        Query(promql.lowest(promql.time_to_drain(SCOPE)), _GROUP),
        unit=Seconds,
        no_value="not draining, or unknown",
    )
    yield time_panel(
        "Retention and wait",
        "Time between the oldest and the newest entry held. A group that waits for as long loses "
        "entries.",
        Query(promql.highest(promql.retention_span(SCOPE)), f"held, {_STREAM}"),
        Query(promql.lowest(promql.lag_seconds(SCOPE)), f"wait, {_GROUP}"),
        unit=Seconds,
        no_value="empty, or unknown",
    )
    yield time_panel(
        "Entries lost",
        "Entries that left the stream before a group was handed them, as far as that was seen. "
        "Whatever is above 0 is a loss.",
        Query(promql.highest(promql.entries_lost(SCOPE)), _GROUP),
        no_value=_NEEDS_STREAMGAUGE,
    )
    yield time_panel(
        "Retention used",
        "How much of what the stream holds still waits for a group. At 100 % the next entry that "
        "is trimmed is lost.",
        Query(promql.highest(SCOPE("redis_stream_group_retention_used_ratio")), _GROUP),
        unit=PercentUnit,
        no_value=_NEEDS_REDIS_7,
    )


def _beside_its_limit(title: str, description: str, measured: str, limit: str) -> Panel:
    """How long something of a group has lasted, and how long it may, as an alert compares them."""
    return time_panel(
        title,
        description,
        Query(measured, _GROUP),
        Query(promql.highest(limit), f"limit, {_GROUP}", is_limit=True),
        unit=Seconds,
        no_value=_NEEDS_STREAMGAUGE,
    )


def _pending() -> Iterator[Panel]:
    yield time_panel(
        "Delivered, not acknowledged",
        "Entries taken by a consumer and not acknowledged yet.",
        Query(promql.highest(SCOPE("redis_stream_group_messages_pending")), _GROUP),
        no_value="no group",
    )
    yield _beside_its_limit(
        "In a consumer's hands",
        "For how long an entry has been taken and not acknowledged, and how long it may be.",
        promql.highest(SCOPE("redis_stream_group_unacknowledged_seconds")),
        SCOPE("redis_stream_group_ack_limit_seconds"),
    )
    yield time_panel(
        "Groups and consumers",
        "Groups of the stream, the consumers each knows, and how many of them are dead. A declared "
        "group that does not exist is at 0.",
        Query(promql.highest(SCOPE("redis_stream_group_consumers")), _GROUP),
        Query(promql.highest(SCOPE("redis_stream_groups")), f"groups, {_STREAM}"),
        Query(promql.highest(SCOPE("redis_stream_group_consumers_dead")), f"dead, {_GROUP}"),
        Query(f"{promql.lowest(SCOPE('redis_stream_group_exists'))} == 0", f"missing, {_GROUP}"),
        no_value="no group",
    )
    yield time_panel(
        "Age of oldest pending entry",
        "Age of the delivered and not acknowledged entry with the smallest ID.",
        Query(promql.highest(SCOPE("redis_stream_group_oldest_pending_age_seconds")), _GROUP),
        unit=Seconds,
        no_value=_NEEDS_STREAMGAUGE,
    )
    yield time_panel(
        "Deliveries of oldest pending entry",
        "How often that entry was handed out. Many times means that no consumer survives it.",
        Query(promql.highest(SCOPE("redis_stream_group_oldest_pending_deliveries")), _GROUP),
        no_value=_NEEDS_STREAMGAUGE,
    )


def _consumers() -> Panel:
    def column(ref: str, title: str, metric: str, unit: str = Short) -> Column:
        labels = f"{promql.STREAM}, group, consumer"
        most = f"topk({_CONSUMERS}, max by ({labels}) ({SCOPE(_PENDING)}))"
        return Column(
            ref, title, f"max by ({labels}) ({SCOPE(metric)}) and {most}", unit, width=110
        )

    return table_panel(
        "Consumers",
        f"The {_CONSUMERS} consumers with most entries not acknowledged. Groups with very many "
        "consumers export none.",
        (
            LabelColumn("group", "Group"),
            LabelColumn("consumer", "Consumer"),
            LabelColumn("stream", "Stream"),
        ),
        (
            column("pending", "Pending", _PENDING),
            column("idle", "Last tried", "redis_stream_group_consumer_idle_seconds", Seconds),
            column(
                "inactive", "Last read", "redis_stream_group_consumer_inactive_seconds", Seconds
            ),
        ),
        sort_by=("Pending",),
        hidden=("db", "class", "redis"),
        height=8,
    )


_PENDING: Final = "redis_stream_group_consumer_messages_pending"
