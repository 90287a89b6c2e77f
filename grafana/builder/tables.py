"""Tables whose rows are streams or consumers: a query for each column, joined by their labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.models.common import (
    FieldTextAlignment,
    TableCellBackgroundDisplayMode,
    TableColoredBackgroundCellOptions,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from builder.panels import NO_THRESHOLDS, Thresholds, colour_mode, threshold_config

FILLED: Final = DynamicConfigValue(
    "custom.cellOptions",
    TableColoredBackgroundCellOptions(mode=TableCellBackgroundDisplayMode.BASIC),
)
LEFT: Final = DynamicConfigValue("custom.align", FieldTextAlignment.LEFT)
FILTERABLE: Final = DynamicConfigValue("custom.filterable", value=True)


class Column(NamedTuple):
    """One column of numbers; `ref` names its query, `width` is in pixels."""

    ref: str
    title: str
    expr: str
    unit: str = "short"
    decimals: int | None = None
    width: int | None = None
    properties: tuple[DynamicConfigValue, ...] = ()


class LabelColumn(NamedTuple):
    """One column that shows a label. Without a width it takes what the others leave."""

    label: str
    title: str
    width: int | None = None
    properties: tuple[DynamicConfigValue, ...] = ()


def table_panel(
    title: str,
    description: str,
    labels: Sequence[LabelColumn],
    columns: Sequence[Column],
    *,
    sort_by: Sequence[str],
    hidden: Sequence[str] = (),
    no_value: str = "–",
    height: int = 10,
) -> table.Panel:
    """A row per series, a column per query; series of different queries with equal labels share it.

    The label columns stand after the first query's column. `hidden` are labels not shown.
    """
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .unit("short")
        .no_value(no_value)
        .span(24)
        .height(height)
        .thresholds(threshold_config(NO_THRESHOLDS))
        .color_scheme(colour_mode(FieldColorModeId.THRESHOLDS))
        .sort_by([common.TableSortByFieldState().display_name(name).desc(True) for name in sort_by])
    )
    for column in columns:
        query = Dataquery().ref_id(column.ref).expr(column.expr).instant()
        panel.with_target(query.format(PromQueryFormat.TABLE))
        panel.override_by_name(column.title, [*_properties_of_numbers(column)])
    for label in labels:
        properties = [FILTERABLE, *_width(label.width), *label.properties]
        panel.override_by_name(label.title, properties)
    for transformation in _one_row_per_series(labels, columns, hidden):
        panel.with_transformation(transformation)
    return panel


def threshold_property(thresholds: Thresholds) -> DynamicConfigValue:
    """The thresholds of one column."""
    steps = [{"value": value, "color": colour} for value, colour in thresholds]
    return DynamicConfigValue("thresholds", {"mode": "absolute", "steps": steps})


def _properties_of_numbers(column: Column) -> Iterator[DynamicConfigValue]:
    yield DynamicConfigValue("unit", column.unit)
    yield from _width(column.width)
    if column.decimals is not None:
        yield DynamicConfigValue("decimals", column.decimals)
    yield from column.properties


def _width(width: int | None) -> Iterator[DynamicConfigValue]:
    if width is not None:
        yield DynamicConfigValue("custom.width", width)


def _one_row_per_series(
    labels: Sequence[LabelColumn], columns: Sequence[Column], hidden: Sequence[str]
) -> list[DataTransformerConfig]:
    values = {f"Value #{column.ref}": column.title for column in columns}
    names = {column.label: column.title for column in labels}
    first, *others = values
    order = [first, *names, *others]
    organize: dict[str, Any] = {
        "excludeByName": dict.fromkeys(["Time", *hidden], True),
        "indexByName": {name: index for index, name in enumerate(order)},
        "renameByName": names | values,
    }
    return [
        DataTransformerConfig(id_val="merge", options={}),
        DataTransformerConfig(id_val="organize", options=organize),
    ]
