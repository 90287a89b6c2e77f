"""Exporter health: can it read, how long does it take, and what does it not see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.common import BigValueTextMode
from grafana_foundation_sdk.models.units import BytesIEC, PercentUnit, Seconds, Short

from builder.frame import ANY_OR_ABSENT, alerts, dashboard, variable
from builder.panels import (
    COUNT_THRESHOLDS,
    TICKET_THRESHOLDS,
    UNKNOWN,
    Panel,
    Query,
    stat_panel,
    time_panel,
    timeline_panel,
)
from builder.states import YES_OR_NO

UID: Final = "streamgauge-exporter"
_PROCESS: Final = 'job=~"$job", instance=~"$instance"'
_REDIS: Final = f'{_PROCESS}, redis=~"$redis"'
# With all jobs chosen, other programs have metrics of these names too.
_OURS: Final = f"and on (job, instance) streamgauge_build_info{{{_PROCESS}}}"
_INSTANCE: Final = "{{instance}}"
_TARGET: Final = "{{instance}} {{redis}}"


def build() -> Dashboard:
    """The dashboard an alert about the exporter leads to."""
    result = dashboard(
        UID,
        "Redis Streams exporter",
        "The exporter itself: what it cannot see, and what it costs.",
    )
    build_info = 'streamgauge_build_info{job=~"$job"}'
    up = f"redis_up{{{_PROCESS}}}"
    for each in (
        variable("job", "Job", "label_values(streamgauge_build_info, job)"),
        variable("instance", "Instance", f"label_values({build_info}, instance)"),
        variable("redis", "Redis", f"label_values({up}, redis)", any_value=ANY_OR_ABSENT),
    ):
        result.with_variable(each)
    result.annotation(alerts('job=~"$job", redis=~"$redis|"', names="RedisStreams.*|RedisKey.*"))
    for panel in (*_stats(), *_reading(), *_process()):
        result.with_panel(panel)
    return result


def _stats() -> Iterator[Panel]:
    yield stat_panel(
        "Redis up",
        "Whether the last scrape of each server succeeded.",
        Query(f"redis_up{{{_REDIS}}}", _TARGET),
        states=YES_OR_NO,
        no_value="no exporter answers",
        span=3,
    )
    yield stat_panel(
        "Role",
        "What each server says it is: master or slave. A slave does not tell the lag in entries.",
        Query(f"max by (redis, role) (redis_instance_info{{{_REDIS}}})", "{{redis}} {{role}}"),
        no_value=UNKNOWN,
        text=BigValueTextMode.NAME,
    )
    yield stat_panel(
        "Streams",
        "Streams read in the last scrape. With replicas, the one that sees most counts.",
        Query(f"sum(max without (instance, pod) (streamgauge_streams{{{_REDIS}}}))"),
        unit=Short,
        span=3,
    )
    yield stat_panel(
        "Unreadable",
        "Streams the last scrape could not read, whatever the reason.",
        Query(f"sum(max without (instance, pod) (streamgauge_stream_errors{{{_REDIS}}}))"),
        thresholds=COUNT_THRESHOLDS,
        span=3,
    )
    yield stat_panel(
        "Lag unknown",
        "Groups whose lag in entries the server cannot tell.",
        Query(f"sum(max without (instance, pod) (streamgauge_groups_lag_unknown{{{_REDIS}}}))"),
        thresholds=TICKET_THRESHOLDS,
    )
    yield stat_panel(
        "Dropped",
        "Streams found and not exported because there are more than max_streams.",
        Query(f"sum(max without (instance, pod) (streamgauge_streams_dropped{{{_REDIS}}}))"),
        thresholds=TICKET_THRESHOLDS,
        span=3,
    )
    yield stat_panel(
        "Config accepted",
        "Whether the file was read without a mistake the last time.",
        Query(f"streamgauge_config_last_reload_successful{{{_PROCESS}}}", _INSTANCE),
        states=YES_OR_NO,
    )


def _reading() -> Iterator[Panel]:
    yield time_panel(
        "Scrape duration by stage",
        "Time the exporter spent on Redis. It must stay well below the scrape timeout.",
        Query(f"streamgauge_scrape_duration_seconds{{{_REDIS}}}", f"{_TARGET} {{{{stage}}}}"),
        unit=Seconds,
    )
    yield time_panel(
        "Streams not readable, by reason",
        "Reason noperm: the user may not read it. Reason wrongtype: the key is no stream.",
        Query(
            f"sum by (instance, redis, reason) (streamgauge_stream_errors{{{_REDIS}}})",
            f"{_TARGET} {{{{reason}}}}",
        ),
    )
    yield time_panel(
        "Lag unknown",
        "Groups whose lag the server cannot tell, mostly after entries were deleted.",
        Query(f"streamgauge_groups_lag_unknown{{{_REDIS}}}", _TARGET),
    )
    yield time_panel(
        "Streams read and dropped",
        "Streams read, by class, and those left out because there are more than max_streams.",
        Query(f"streamgauge_streams{{{_REDIS}}}", f"{_TARGET} {{{{class}}}}"),
        Query(f"streamgauge_streams_dropped{{{_REDIS}}}", f"{_TARGET} dropped"),
    )
    yield time_panel(
        "Age of discovery",
        "Time since the keyspace was last walked from end to end, and how long that took.",
        Query(
            f"time() - streamgauge_discovery_last_success_timestamp_seconds{{{_REDIS}}}",
            f"{_TARGET} age",
        ),
        Query(f"streamgauge_discovery_duration_seconds{{{_REDIS}}}", f"{_TARGET} duration"),
        unit=Seconds,
        no_value="no discovery configured, or none finished",
    )
    yield time_panel(
        "Clock offset",
        "The server's clock minus the exporter's. Ages use the server's alone.",
        Query(f"streamgauge_clock_offset_seconds{{{_REDIS}}}", _TARGET),
        unit=Seconds,
        lowest=None,
    )


def _process() -> Iterator[Panel]:
    yield timeline_panel(
        "Configuration accepted",
        "Red: the file has a mistake, and the configuration of before stays in force.",
        Query(f"streamgauge_config_last_reload_successful{{{_PROCESS}}}", _INSTANCE),
        states=YES_OR_NO,
        height=4,
    )
    yield time_panel(
        "Age of the configuration",
        "Time since the configuration in force was read. A drop is a reload or a restart.",
        Query(
            f"time() - streamgauge_config_last_reload_success_timestamp_seconds{{{_PROCESS}}}",
            _INSTANCE,
        ),
        unit=Seconds,
        span=8,
    )
    yield time_panel(
        "Memory",
        "Resident memory of the exporter.",
        Query(f"process_resident_memory_bytes{{{_PROCESS}}}\n{_OURS}", _INSTANCE),
        unit=BytesIEC,
        span=8,
        no_value="only known on Linux",
    )
    yield time_panel(
        "CPU",
        "Share of one core.",
        Query(
            f"rate(process_cpu_seconds_total{{{_PROCESS}}}[$__rate_interval])\n{_OURS}", _INSTANCE
        ),
        unit=PercentUnit,
        span=8,
        no_value="only known on Linux",
    )
