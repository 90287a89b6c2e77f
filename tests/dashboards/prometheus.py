"""A real Prometheus that scrapes what a test names and answers what Grafana asks."""

from __future__ import annotations

import json
import math
import time
import urllib.error
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from dashboards.interpolation import All, Choice, View
from dashboards.shipped import Json, Query, variables
from e2e.servers import WebServer
from support.peers import Peer

Labels = dict[str, str]


class Series(NamedTuple):
    """One series of an answer."""

    labels: Labels
    values: list[float]


class Prometheus(WebServer):
    """Scrapes the target of each of `jobs`, by default every second and with no rules."""

    def __init__(
        self,
        directory: Path,
        peer: Peer,
        jobs: Mapping[str, str],
        rule_files: Sequence[Path] = (),
        *,
        scrape_seconds: int = 1,
    ) -> None:
        super().__init__(directory, peer)
        self.jobs = jobs
        self.scrape_seconds = scrape_seconds
        self._rule_files = rule_files

    def arguments(self) -> Iterator[str]:
        document = {
            "global": {
                "scrape_interval": f"{self.scrape_seconds}s",
                "scrape_timeout": f"{self.scrape_seconds}s",
                "evaluation_interval": "1s",
            },
            "rule_files": [str(file) for file in self._rule_files],
            "scrape_configs": [
                {"job_name": job, "static_configs": [{"targets": [target]}]}
                for job, target in self.jobs.items()
            ],
        }
        config = self.directory / "prometheus.yml"
        config.write_text(yaml.safe_dump(document))
        yield f"--config.file={config}"
        yield f"--storage.tsdb.path={self.directory / 'data'}"
        yield "--query.lookback-delta=10s"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def ask(self, query: Query, view: View, end: float | None = None) -> list[Series]:
        """What a panel's query gives over the view's time range, until now or an earlier end."""
        expression = view.interpolate(query.expr)
        now = end or time.time()
        if query.instant:
            answer = self._api("query", query=expression, time=now)
            return [Series(one["metric"], [float(one["value"][1])]) for one in answer["result"]]
        answer = self._api(
            "query_range",
            query=expression,
            start=now - view.range_seconds,
            end=now,
            step=view.step_seconds,
        )
        return [
            Series(one["metric"], [float(value) for _, value in one["values"]])
            for one in answer["result"]
        ]

    def value(self, expression: str) -> float:
        """The one value of an expression now; NaN when it gives none."""
        result = self._api("query", query=expression)["result"]
        assert len(result) <= 1, result
        return float(result[0]["value"][1]) if result else math.nan

    def label_values(self, selector: str, label: str) -> list[str]:
        """The values of a label, as Grafana asks for them."""
        parameters = {"match[]": selector} if selector else {}
        found: list[str] = self._api(f"label/{label}/values", **parameters)
        return found

    def default_choices(self, dashboard: Json) -> dict[str, Choice]:
        """What is chosen when the dashboard is opened: All, or the first value there is."""
        choices: dict[str, Choice] = {}
        for variable in variables(dashboard):
            if variable.any_value is not None:
                choices[variable.name] = All(variable.any_value)
                continue
            selector = View(choices).interpolate(variable.selector)
            choices[variable.name] = self.label_values(selector, variable.label)[:1]
        return choices

    def firing_alerts(self) -> list[Json]:
        """The alerts that fire now, with their labels and annotations."""
        alerts = self._api("alerts")["alerts"]
        return [alert for alert in alerts if alert["state"] == "firing"]

    def _api(self, path: str, **parameters: object) -> Any:
        try:
            text = self.get(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.read().decode()}\n{parameters}") from error
        answer = json.loads(text)
        assert answer["status"] == "success", answer
        return answer["data"]
