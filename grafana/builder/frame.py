"""What surrounds the panels: variables, annotations, and links between the dashboards."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

TAG: Final = "streamgauge"
DATASOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")

# The value of All. A label that may be absent (redis_exporter has no redis and no class) needs one
# that matches nothing as well.
ANY: Final = ".+"
ANY_OR_ABSENT: Final = ".*"

_LABEL_VALUES: Final = 1  # how Grafana's editor numbers this kind of query
_ALL: Final = VariableOption(selected=True, text=["All"], value=["$__all"])


def dashboard(uid: str, title: str, description: str) -> Dashboard:
    """An empty dashboard with what all three share."""
    datasource = DatasourceVariable("datasource").label("Data source").type("prometheus")
    others = (
        DashboardLink("Redis Streams")
        .type(DashboardLinkType.DASHBOARDS)
        .icon("external link")
        .tags([TAG])
        .include_vars(True)
        .keep_time(True)
    )
    return (
        Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG, "redis"])
        .readonly()
        .time("now-3h", "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(others)
        .with_variable(datasource)
    )


def variable(
    name: str, label: str, query: str, *, any_value: str = ANY, include_all: bool = True
) -> QueryVariable:
    """A variable with the values of a label, read again whenever the time range changes."""
    result = (
        QueryVariable(name)
        .label(label)
        .datasource(DATASOURCE)
        .query({"qryType": _LABEL_VALUES, "query": query, "refId": f"variable-{name}"})
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.NATURAL_ASC)
        .multi(True)
        .include_all(include_all)
    )
    return result.all_value(any_value).current(_ALL) if include_all else result


def alerts(matchers: str, names: str = "RedisStream.*") -> AnnotationQuery:
    """When the shipped alerts fired; `names` says which, and `matchers` for what."""
    selector = f'ALERTS{{alertstate="firing", alertname=~"{names}", {matchers}}}'
    return (
        AnnotationQuery()
        .name("Alerts")
        .datasource(DATASOURCE)
        .enable(True)
        .icon_color("red")
        .expr(f"max without (instance, pod) ({selector})")
        .title_format("{{alertname}}")
        .text_format("{{redis}} {{stream}} {{group}} {{key}}")
        .tag_keys("severity,class")
        .step("30s")
    )
