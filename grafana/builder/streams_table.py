"""The table of all streams: those nearest to a limit, the worst on top."""

from __future__ import annotations

from typing import Any, Final

from grafana_foundation_sdk.models.dashboard import DynamicConfigValue
from grafana_foundation_sdk.models.units import PercentUnit, Seconds

from builder import queries as promql
from builder.panels import PER_SECOND, SHARE_THRESHOLDS, Panel
from builder.queries import Scope
from builder.states import STREAM_STATES, UNCOLOURED, only_wrong, value_mappings
from builder.tables import (
    FILLED,
    FILTERABLE,
    LEFT,
    Column,
    LabelColumn,
    table_panel,
    threshold_property,
)

_ROWS: Final = 100
# In pixels: all columns, with what is left for the stream's name, fit into a window of 1280.
_DURATION: Final = 86
_NUMBER: Final = 76
_ONLY_WRONG_SHARES: Final = ((None, UNCOLOURED), *SHARE_THRESHOLDS[1:])
_DRILL_DOWN: Final = (
    "/d/streamgauge-stream?${datasource:queryparam}&${job:queryparam}&${redis:queryparam}"
    "&var-stream=${__data.fields.stream:percentencode}&${__url_time_range}"
)


def streams_table(scope: Scope) -> Panel:
    """A row for each stream, coloured only where something is wrong."""

    def column(ref: str, title: str, expression: str, **options: Any) -> Column:
        chosen = promql.most_urgent(expression, scope, _ROWS)
        return Column(ref, title, chosen, **options)

    columns = (
        column(
            "state",
            "State",
            promql.per_stream(promql.stream_state(scope), "min"),
            width=152,
            properties=(
                DynamicConfigValue("mappings", value_mappings(only_wrong(STREAM_STATES))),
                FILLED,
                LEFT,
                FILTERABLE,
            ),
        ),
        column(
            "share",
            "Of limit",
            promql.worst_share(scope),
            unit=PercentUnit,
            decimals=0,
            width=94,
            properties=(threshold_property(_ONLY_WRONG_SHARES), FILLED),
        ),
        column(
            "age",
            "Age",
            promql.per_stream(promql.age(scope), "min"),
            unit=Seconds,
            width=_DURATION,
        ),
        column(
            "limit",
            "Limit",
            promql.per_stream(f"{promql.quiet_limit(scope)} < +Inf"),
            unit=Seconds,
            width=_NUMBER,
        ),
        column(
            "wait",
            "Wait",
            promql.with_a_limit(promql.lag_seconds(scope), scope),
            unit=Seconds,
            width=_DURATION,
        ),
        column("lag", "Lag", promql.with_a_limit(promql.lag(scope), scope), width=_NUMBER),
        column(
            "rate",
            "Added",
            promql.per_stream(promql.added(scope)),
            unit=PER_SECOND,
            width=_DURATION,
        ),
        column("length", "Length", promql.per_stream(promql.length(scope)), width=_NUMBER),
    )
    return table_panel(
        "Streams",
        f"The {_ROWS} streams nearest to a limit, their own or a group's; choose a class to see "
        "others. Of limit: the greatest share of one, 100 % is the limit. Age and limit are the "
        "stream's own. Wait and lag are those of its worst group; groups that were declared "
        "without a limit count only where a stream has no other. A dash is a number that does not "
        "exist or is not known.",
        (
            LabelColumn(
                "stream",
                "Stream",
                properties=(
                    DynamicConfigValue("custom.minWidth", 220),
                    DynamicConfigValue(
                        "links", [{"title": "Stream and groups", "url": _DRILL_DOWN}]
                    ),
                ),
            ),
            LabelColumn("class", "Class", width=98),
            LabelColumn("redis", "Redis", width=92),
        ),
        columns,
        sort_by=("State", "Of limit"),
        hidden=("db",),
        height=12,
    )
