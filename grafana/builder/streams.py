"""Streams by class: is anything wrong, where, and since when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.units import PercentUnit, Seconds, Short

from builder import queries as promql
from builder.frame import ANY_OR_ABSENT, alerts, dashboard, variable
from builder.panels import (
    COUNT_THRESHOLDS,
    PER_SECOND,
    SHARE_THRESHOLDS,
    Panel,
    Query,
    row,
    stat_panel,
    time_panel,
    timeline_panel,
)
from builder.queries import Scope
from builder.states import CONTINUOUS_STATES, EVENT_STATES
from builder.streams_table import streams_table

UID: Final = "streamgauge-streams"
SCOPE: Final = Scope('job=~"$job", redis=~"$redis", class=~"$class"')
_SERVERS: Final = Scope('job=~"$job", redis=~"$redis"')

_BARS: Final = 20  # Grafana puts more on a second page
_LINES: Final = 20
# Each value of a line looks at every stream.
_POINTS: Final = 100
# Higher than others: the legend may have many lines.
_HEIGHT: Final = 10
_STREAM: Final = "{{redis}} {{stream}}"
_GROUP: Final = "{{redis}} {{stream}} {{group}}"
_REACTION: Final = "{{redis}} {{after}} > {{stream}}"
_NO_LIMIT: Final = "no limit declared"


def build() -> Dashboard:
    """The dashboard a page leads to first."""
    result = dashboard(
        UID,
        "Redis Streams by class",
        "Every stream next to what its class allows: is a silent stream silent by design, or dead?",
    )
    exported = '{__name__=~"redis_stream_length|redis_stream_exists|streamgauge_build_info"}'
    of_job = '{__name__=~"redis_stream_length|redis_stream_exists", job=~"$job"}'
    result.with_variable(variable("job", "Job", f"label_values({exported}, job)"))
    result.with_variable(
        variable("redis", "Redis", f"label_values({of_job}, redis)", any_value=ANY_OR_ABSENT)
    )
    of_redis = of_job.replace("}", ', redis=~"$redis"}')
    result.with_variable(
        variable("class", "Class", f"label_values({of_redis}, class)", any_value=ANY_OR_ABSENT)
    )
    result.annotation(alerts('job=~"$job", redis=~"$redis|", class=~"$class|"'))
    for panel in _stats():
        result.with_panel(panel)
    result.with_panel(streams_table(SCOPE))
    result.with_panel(_timeline())
    for one in (_continuous(), _hybrid(), _event(), _unclassified()):
        result.with_row(one)
    return result


def _stats() -> Iterator[Panel]:
    state = promql.lowest(promql.continuous_state(SCOPE))
    lag_share = promql.lowest(promql.lag_share(SCOPE))
    yield stat_panel(
        "Blind spots",
        "Redis servers and single continuous streams that no exporter can read. Above 0, nothing "
        "else on this page can be trusted.",
        Query(promql.blind_spots(_SERVERS)),
        thresholds=COUNT_THRESHOLDS,
        no_value="blind",
    )
    yield stat_panel(
        "Quiet or missing",
        "Continuous streams that are silent for longer than their limit, or do not exist.",
        Query(f"{_count(f'{state} >= 2')}\nor\ncount({promql.quiet_limit(SCOPE)}) * 0"),
        thresholds=COUNT_THRESHOLDS,
        no_value=_NO_LIMIT,
    )
    yield stat_panel(
        "Worst age",
        "Age of the last entry as a share of the limit, for the continuous stream nearest to it: "
        "100 % is the limit. A missing stream has no age; it is counted to the left.",
        Query(f"max({promql.lowest(promql.age_share(SCOPE))})"),
        unit=PercentUnit,
        thresholds=SHARE_THRESHOLDS,
        no_value=_NO_LIMIT,
        decimals=0,
    )
    yield stat_panel(
        "Groups over limit",
        "Consumer groups for which an entry waits for longer than it may.",
        Query(f"{_count(f'{lag_share} > 1')}\nor\ncount({promql.lag_limit(SCOPE)}) * 0"),
        thresholds=COUNT_THRESHOLDS,
        no_value=_NO_LIMIT,
    )
    yield stat_panel(
        "Stalled groups",
        "Groups that stand still for longer than their limit, two minutes at least.",
        Query(f"{_count(promql.stalled(SCOPE))}\nor\ncount({promql.lag_limit(SCOPE)}) * 0"),
        thresholds=COUNT_THRESHOLDS,
        no_value=_NO_LIMIT,
    )
    yield stat_panel(
        "Oldest wait",
        "How long the oldest entry has been waiting for a group that has a limit.",
        Query(f"max({promql.lag_seconds(SCOPE)} and {promql.lag_limit(SCOPE)})"),
        unit=Seconds,
        no_value=_NO_LIMIT,
    )


def _count(expression: str) -> str:
    return f"count(\n{expression}\n)"


def _timeline() -> Panel:
    scope = SCOPE.continuous()
    state = promql.most_urgent_feeds(promql.continuous_state(scope), scope, _BARS)
    return timeline_panel(
        "Continuous streams",
        "When each feed flowed, was quiet for longer than it may be, or did not exist. A gap is "
        f"time in which nobody could see. The {_BARS} nearest to their limits now.",
        Query(promql.lowest(state), _STREAM),
        states=CONTINUOUS_STATES,
        no_value="no continuous stream declared",
        points=_POINTS,
    )


def _continuous() -> Row:
    scope = SCOPE.continuous()
    return row(
        "Continuous: must never dry up",
        _share_of_age(scope),
        _rate(scope),
        _length(scope),
        _share_of_lag(scope),
    )


def _hybrid() -> Row:
    scope = SCOPE.having('class="hybrid"')
    return row(
        "Hybrid: active, with pauses; silence is normal",
        _rate(scope),
        _length(scope),
        _share_of_lag(scope, span=24),
    )


def _event() -> Row:
    scope = SCOPE.having('class="event"')
    state = promql.most_urgent(promql.event_state(scope), scope, _BARS)
    return row(
        "Event: written only when something happens; empty is normal",
        timeline_panel(
            "Event streams",
            "Grey is empty, as it should be when nothing happened. Red is an entry that waits "
            f"for a group for longer than it may. The {_BARS} nearest to their limits.",
            Query(promql.lowest(state), _STREAM),
            points=_POINTS,
            states=EVENT_STATES,
            no_value="no event stream",
            height=9,
        ),
        _length(scope),
        _share_of_lag(scope),
        _share_of_answer(SCOPE),
    )


def _unclassified() -> Row:
    scope = SCOPE.having('class=~"unclassified|"')
    return row(
        "Unclassified: nobody has said yet; never alerts",
        _length(scope),
        time_panel(
            "Age of last entry",
            f"Time since something was added. The {_LINES} most recent.",
            Query(promql.lowest(promql.least(promql.age, scope, _LINES)), _STREAM),
            points=_POINTS,
            height=_HEIGHT,
            unit=Seconds,
            no_value="needs the exporter of this project",
        ),
    )


def _share_of_age(scope: Scope) -> Panel:
    return time_panel(
        "Age as a share of the limit",
        f"Age of the last entry; 100 % is the limit. The {_LINES} highest now.",
        Query(promql.lowest(promql.highest_age_shares(scope, _LINES)), _STREAM),
        points=_POINTS,
        height=_HEIGHT,
        unit=PercentUnit,
        thresholds=SHARE_THRESHOLDS,
        soft_max=1.2,
        no_value=_NO_LIMIT,
    )


def _share_of_lag(scope: Scope, span: int = 12) -> Panel:
    return time_panel(
        "Wait as a share of the limit",
        f"How long a group's oldest entry waits; 100 % is the limit. The {_LINES} highest now.",
        Query(promql.lowest(promql.highest_lag_shares(scope, _LINES)), _GROUP),
        points=_POINTS,
        height=_HEIGHT,
        unit=PercentUnit,
        thresholds=SHARE_THRESHOLDS,
        soft_max=1.2,
        no_value=_NO_LIMIT,
        span=span,
    )


def _share_of_answer(scope: Scope) -> Panel:
    return time_panel(
        "Unanswered, as a share of the limit",
        "How long an entry has waited for one in a stream that must answer; 100 % is the limit. "
        f"The {_LINES} highest now, of any class.",
        Query(promql.highest(promql.most(promql.wait_share, scope, _LINES)), _REACTION),
        points=_POINTS,
        height=_HEIGHT,
        unit=PercentUnit,
        thresholds=SHARE_THRESHOLDS,
        soft_max=1.2,
        no_value="no reaction declared",
        span=24,
    )


def _rate(scope: Scope) -> Panel:
    return time_panel(
        "Entries added",
        f"Entries per second. The {_LINES} highest now; Redis 6.2 does not count them.",
        Query(promql.highest(promql.most(promql.added, scope, _LINES)), _STREAM),
        points=_POINTS,
        height=_HEIGHT,
        unit=PER_SECOND,
        no_value="unknown: needs Redis 7 and the exporter of this project",
    )


def _length(scope: Scope) -> Panel:
    return time_panel(
        "Length",
        f"Entries held. The {_LINES} longest now.",
        Query(promql.highest(promql.most(promql.length, scope, _LINES)), _STREAM),
        points=_POINTS,
        height=_HEIGHT,
        unit=Short,
        no_value="no such stream",
    )
