"""From a builder to the text of a file: what the SDK leaves out, and grafana.com's envelope."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

Json = dict[str, Any]

DATASOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
GRAFANA: Final = "11.0.0"
_INPUT: Final = "DS_PROMETHEUS"
_PANEL_NAMES: Final = {
    "state-timeline": "State timeline",
    "stat": "Stat",
    "table": "Table",
    "timeseries": "Time series",
}


def provisioned(builder: Dashboard) -> Json:
    """The dashboard as Grafana's provisioning reads it."""
    dashboard: Json = json.loads(JSONEncoder().encode(builder.build()))
    dashboard["id"] = None
    # The SDK's default hides them in a menu.
    for item in (*dashboard["links"], *dashboard["annotations"]["list"]):
        item.pop("placement", None)
    for variable in dashboard["templating"]["list"]:
        for unused in ("auto", "auto_count", "auto_min"):
            variable.pop(unused, None)
    for number, panel in zip(count(1), panels(dashboard), strict=False):
        panel["id"] = number
        if panel["type"] != "row":
            _finish_panel(panel)
    return dashboard


def published(dashboard: Json) -> Json:
    """The same dashboard for grafana.com and the import page, which ask for the data source."""
    result: Json = json.loads(json.dumps(dashboard))
    for variable in result["templating"]["list"]:
        if variable["name"] == "datasource":
            chosen = f"${{{_INPUT}}}"
            variable["current"] = {"selected": True, "text": chosen, "value": chosen}
    kinds = sorted({panel["type"] for panel in panels(dashboard)} - {"row"})
    return result | {
        "__inputs": [
            {
                "name": _INPUT,
                "label": "Prometheus",
                "description": "The Prometheus that scrapes the exporter",
                "type": "datasource",
                "pluginId": "prometheus",
                "pluginName": "Prometheus",
            }
        ],
        "__elements": {},
        "__requires": [
            {"type": "grafana", "id": "grafana", "name": "Grafana", "version": GRAFANA},
            {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"},
            *(
                {"type": "panel", "id": kind, "name": _PANEL_NAMES[kind], "version": ""}
                for kind in kinds
            ),
        ],
    }


def text(dashboard: Json) -> str:
    """The file: the same bytes for the same dashboard."""
    return json.dumps(dashboard, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def panels(dashboard: Json) -> Iterator[Json]:
    """Every panel and row, those inside collapsed rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", ())


def _finish_panel(panel: Json) -> None:
    panel["datasource"] = DATASOURCE
    panel.pop("repeatDirection", None)
    for letter, target in zip("ABCDEFGHIJKLMNOP", panel["targets"], strict=False):
        target.setdefault("refId", letter)
        target["datasource"] = DATASOURCE
        target["editorMode"] = "code"
