"""The kinds of panel the dashboards are made of, each with what all of its kind share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor, Row, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)

from builder.states import BAD, GOOD, WARNING, State, no_value_mapping, value_mappings

Panel = stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel

UNKNOWN: Final = "unknown"
NO_DATA: Final = "no data"

SHARE_THRESHOLDS: Final = ((None, GOOD), (0.8, WARNING), (1, BAD))
COUNT_THRESHOLDS: Final = ((None, GOOD), (1, BAD))
TICKET_THRESHOLDS: Final = ((None, GOOD), (1, WARNING))
NO_THRESHOLDS: Final = ((None, "text"),)
# Entries per second: Grafana's own unit for it says c/s.
PER_SECOND: Final = "count:/s"

Thresholds = Sequence[tuple[float | None, str]]


class Query(NamedTuple):
    """One query of a panel: PromQL, and the legend of each series it returns.

    Limits are drawn as dashed lines.
    """

    expr: str
    legend: str = ""
    is_limit: bool = False


def stat_panel(
    title: str,
    description: str,
    query: Query,
    *,
    unit: str = "none",
    thresholds: Thresholds = NO_THRESHOLDS,
    states: Mapping[int, State] | None = None,
    no_value: str = NO_DATA,
    decimals: int | None = None,
    span: int = 4,
    text: BigValueTextMode = BigValueTextMode.AUTO,
) -> stat.Panel:
    """One number, or one per series, now. What has no value has no colour either."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .no_value(no_value)
        .span(span)
        .height(4)
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.BACKGROUND_SOLID)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .thresholds(threshold_config(thresholds))
        .color_scheme(colour_mode(FieldColorModeId.THRESHOLDS))
        .text_mode(text)
        .with_target(Dataquery().expr(query.expr).legend_format(query.legend).instant())
    )
    if thresholds == NO_THRESHOLDS and states is None:
        panel.color_mode(BigValueColorMode.NONE)
    else:
        panel.mappings([*value_mappings(states or {}), no_value_mapping(no_value)])
    if decimals is not None:
        panel.decimals(decimals)
    return panel


def time_panel(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "short",
    no_value: str = NO_DATA,
    thresholds: Thresholds = (),
    lowest: float | None = 0,
    soft_max: float | None = None,
    span: int = 12,
    height: int = 8,
    points: int | None = None,
) -> timeseries.Panel:
    """Lines over time; the legend begins with the one that is highest now.

    `thresholds` are drawn as lines. `points` is how many values a line has at most, for queries
    that look at every stream there is.
    """
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .no_value(no_value)
        .span(span)
        .height(height)
        .fill_opacity(5)
        .line_width(1)
        .show_points(VisibilityMode.NEVER)
        .span_nulls(False)
        .color_scheme(colour_mode(FieldColorModeId.PALETTE_CLASSIC))
        .legend(_legend())
        .tooltip(
            common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
        )
    )
    if lowest is not None:
        panel.min(lowest)
    if thresholds:
        style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel.thresholds(threshold_config(thresholds)).thresholds_style(style)
    if points is not None:
        panel.max_data_points(points)
    if soft_max is not None:
        panel.axis_soft_max(soft_max)
    for ref, query in zip("ABCDEF", queries, strict=False):
        target = Dataquery().ref_id(ref).expr(query.expr).legend_format(query.legend).range()
        panel.with_target(target)
        if query.is_limit:
            panel.override_by_query(ref, _LIMIT_LINE)
    return panel


def timeline_panel(
    title: str,
    description: str,
    query: Query,
    *,
    states: Mapping[int, State],
    no_value: str = NO_DATA,
    span: int = 24,
    height: int = 9,
    points: int | None = None,
) -> statetimeline.Panel:
    """One bar per series, coloured by its state."""
    panel = (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .unit("none")
        .no_value(no_value)
        .span(span)
        .height(height)
        .line_width(0)
        .fill_opacity(80)
        .merge_values(True)
        .show_value(VisibilityMode.AUTO)
        .row_height(0.8)
        .mappings(value_mappings(states))
        .thresholds(threshold_config(NO_THRESHOLDS))
        .color_scheme(colour_mode(FieldColorModeId.THRESHOLDS))
        .legend(_legend().as_table(False).display_mode(LegendDisplayMode.LIST).calcs([]))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.SINGLE))
        .with_target(Dataquery().expr(query.expr).legend_format(query.legend).range())
    )
    if points is not None:
        panel.max_data_points(points)
    return panel


def row(title: str, *panels: Panel) -> Row:
    """A collapsed row."""
    result = Row(title).collapsed(True)
    for panel in panels:
        result.with_panel(panel)
    return result


def threshold_config(thresholds: Thresholds) -> ThresholdsConfig:
    steps = [Threshold(value=value, color=colour) for value, colour in thresholds]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def colour_mode(mode: FieldColorModeId) -> FieldColor:
    return FieldColor().mode(mode)


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .calcs(["lastNotNull", "max"])
        .sort_by("Last *")
        .sort_desc(True)
    )


_LIMIT_LINE: Final = [
    DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "red"}),
    DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}),
    DynamicConfigValue("custom.fillOpacity", 0),
]
