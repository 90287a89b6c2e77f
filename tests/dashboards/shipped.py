"""The shipped dashboards as files, and every query in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from streamgauge.bundled import bundle_path

Json = dict[str, Any]

FOLDER = bundle_path("grafana")
PROVISIONED: dict[str, Json] = {
    file.stem: json.loads(file.read_text()) for file in sorted((FOLDER / "dashboards").glob("*"))
}
PUBLISHED: dict[str, Json] = {
    file.stem: json.loads(file.read_text()) for file in sorted((FOLDER / "grafana.com").glob("*"))
}
UIDS = tuple(PROVISIONED)

_LABEL_VALUES = re.compile(r"label_values\((?P<selector>.*), (?P<label>\w+)\)", re.DOTALL)


class Query(NamedTuple):
    """One thing that a dashboard asks Prometheus for."""

    dashboard: str
    where: str
    expr: str
    legend: str = ""
    instant: bool = False
    points: int = 1000

    @property
    def name(self) -> str:
        return f"{self.dashboard}: {self.where}"


class Variable(NamedTuple):
    """A variable whose values are those of a label of some series."""

    name: str
    selector: str
    label: str
    any_value: str | None


def panels(dashboard: Json) -> Iterator[Json]:
    """Every panel, those inside rows too, without the rows themselves."""
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


def panel_queries(dashboard: Json) -> Iterator[Query]:
    for panel in panels(dashboard):
        for target in panel["targets"]:
            where = f"{panel['title']} / {target['refId']}"
            yield Query(
                dashboard["uid"],
                where,
                target["expr"],
                target.get("legendFormat", ""),
                target.get("instant", False),
                panel.get("maxDataPoints", 1000),
            )


def annotation_queries(dashboard: Json) -> Iterator[Query]:
    for annotation in dashboard["annotations"]["list"]:
        legend = annotation["titleFormat"] + annotation["textFormat"]
        yield Query(
            dashboard["uid"], f"annotation {annotation['name']}", annotation["expr"], legend
        )


def variables(dashboard: Json) -> list[Variable]:
    """Its query variables, in their order: each may use those before it."""
    found = []
    for variable in dashboard["templating"]["list"]:
        if variable["type"] != "query":
            continue
        asked = _LABEL_VALUES.fullmatch(variable["query"]["query"])
        assert asked, variable["query"]
        any_value = variable["allValue"] if variable["includeAll"] else None
        found.append(Variable(variable["name"], asked["selector"], asked["label"], any_value))
    return found


def labels_in(legend: str) -> set[str]:
    """The labels a legend shows."""
    return {*re.findall(r"\{\{\s*(\w+)\s*\}\}", legend)}


def all_queries(*, annotations: bool = True) -> list[Query]:
    found: list[Query] = []
    for dashboard in PROVISIONED.values():
        found += panel_queries(dashboard)
        if annotations:
            found += annotation_queries(dashboard)
    return found


def selection(values: Mapping[str, str | list[str]], name: str) -> list[str]:
    chosen = values[name]
    return [chosen] if isinstance(chosen, str) else chosen
