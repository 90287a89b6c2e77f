"""The kinds of panel the dashboards are made of, each with what all of its kind share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

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
    TableCellOptions,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from builder.states import State, value_mappings

Panel = stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel

UNKNOWN: Final = "unknown"
NO_DATA: Final = "no data"

SHARE_THRESHOLDS: Final = ((None, "green"), (0.8, "orange"), (1, "red"))
COUNT_THRESHOLDS: Final = ((None, "green"), (1, "red"))
TICKET_THRESHOLDS: Final = ((None, "green"), (1, "orange"))
NO_THRESHOLDS: Final = ((None, "text"),)

Thresholds = Sequence[tuple[float | None, str]]


class Query(NamedTuple):
    """One query of a panel: PromQL, and the legend of each series it returns.

    Limits are drawn as dashed lines.
    """

    expr: str
    legend: str = ""
    is_limit: bool = False


class Column(NamedTuple):
    """One column of a table whose rows are streams or consumers; `ref` names its query."""

    ref: str
    title: str
    expr: str
    unit: str = "short"
    decimals: int | None = None
    properties: tuple[DynamicConfigValue, ...] = ()


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
    with_name: bool = False,
) -> stat.Panel:
    """One number, or one per series, now."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .unit(unit)
        .no_value(no_value)
        .span(span)
        .height(4)
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.BACKGROUND)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .thresholds(_thresholds(thresholds))
        .color_scheme(_colours(FieldColorModeId.THRESHOLDS))
        .with_target(Dataquery().expr(query.expr).legend_format(query.legend).instant())
    )
    if thresholds == NO_THRESHOLDS and states is None:
        panel.color_mode(BigValueColorMode.NONE)
    if states is not None:
        panel.mappings(value_mappings(states))
    if decimals is not None:
        panel.decimals(decimals)
    if with_name:
        panel.text_mode(BigValueTextMode.VALUE_AND_NAME)
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
    points: int | None = None,
) -> timeseries.Panel:
    """Lines over time.

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
        .height(8)
        .fill_opacity(5)
        .line_width(1)
        .show_points(VisibilityMode.NEVER)
        .span_nulls(False)
        .color_scheme(_colours(FieldColorModeId.PALETTE_CLASSIC))
        .legend(_legend())
        .tooltip(
            common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
        )
    )
    if lowest is not None:
        panel.min(lowest)
    if thresholds:
        style = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel.thresholds(_thresholds(thresholds)).thresholds_style(style)
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
        .thresholds(_thresholds(NO_THRESHOLDS))
        .color_scheme(_colours(FieldColorModeId.THRESHOLDS))
        .legend(_legend().as_table(False).display_mode(LegendDisplayMode.LIST).calcs([]))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.SINGLE))
        .with_target(Dataquery().expr(query.expr).legend_format(query.legend).range())
    )
    if points is not None:
        panel.max_data_points(points)
    return panel


def table_panel(
    title: str,
    description: str,
    labels: Mapping[str, str],
    columns: Sequence[Column],
    *,
    sort_by: Sequence[str],
    hidden: Sequence[str] = (),
    label_properties: Mapping[str, Sequence[DynamicConfigValue]] | None = None,
    no_value: str = "–",
    height: int = 10,
) -> table.Panel:
    """A row per series, a column per query; series of different queries with equal labels share it.

    `labels` names the label columns; they stand in its order after the first query's column.
    """
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .unit("short")
        .no_value(no_value)
        .span(24)
        .height(height)
        .filterable(True)
        .thresholds(_thresholds(NO_THRESHOLDS))
        .color_scheme(_colours(FieldColorModeId.THRESHOLDS))
        .sort_by([common.TableSortByFieldState().display_name(name).desc(True) for name in sort_by])
    )
    for column in columns:
        query = Dataquery().ref_id(column.ref).expr(column.expr).instant()
        panel.with_target(query.format(PromQueryFormat.TABLE))
        properties = [DynamicConfigValue("unit", column.unit), *column.properties]
        if column.decimals is not None:
            properties.append(DynamicConfigValue("decimals", column.decimals))
        panel.override_by_name(column.title, properties)
    for title_of_label, more in (label_properties or {}).items():
        panel.override_by_name(title_of_label, [*more])
    for transformation in _one_row_per_series(labels, columns, hidden):
        panel.with_transformation(transformation)
    return panel


def row(title: str, *panels: Panel) -> Row:
    """A collapsed row."""
    result = Row(title).collapsed(True)
    for panel in panels:
        result.with_panel(panel)
    return result


def threshold_property(thresholds: Thresholds) -> DynamicConfigValue:
    """The thresholds of one column."""
    steps = [{"value": value, "color": colour} for value, colour in thresholds]
    return DynamicConfigValue("thresholds", {"mode": "absolute", "steps": steps})


def cell_property(options: TableCellOptions) -> DynamicConfigValue:
    """How the cells of one column are drawn."""
    return DynamicConfigValue("custom.cellOptions", options)


def _one_row_per_series(
    labels: Mapping[str, str], columns: Sequence[Column], hidden: Sequence[str]
) -> list[DataTransformerConfig]:
    values = {f"Value #{column.ref}": column.title for column in columns}
    first, *others = values
    order = [first, *labels, *others]
    organize: dict[str, Any] = {
        "excludeByName": dict.fromkeys(["Time", *hidden], True),
        "indexByName": {name: index for index, name in enumerate(order)},
        "renameByName": {**labels, **values},
    }
    return [
        DataTransformerConfig(id_val="merge", options={}),
        DataTransformerConfig(id_val="organize", options=organize),
    ]


def _thresholds(thresholds: Thresholds) -> ThresholdsConfig:
    steps = [Threshold(value=value, color=colour) for value, colour in thresholds]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _colours(mode: FieldColorModeId) -> FieldColor:
    return FieldColor().mode(mode)


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(LegendDisplayMode.TABLE)
        .placement(LegendPlacement.BOTTOM)
        .calcs(["lastNotNull", "max"])
    )


_LIMIT_LINE: Final = [
    DynamicConfigValue("color", {"mode": "fixed", "fixedColor": "red"}),
    DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [8, 8]}),
    DynamicConfigValue("custom.fillOpacity", 0),
]
