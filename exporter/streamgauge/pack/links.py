"""Links from an alert to its page, its dashboard and its runbook, where a site has named these."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import yaml

from streamgauge.pack.options import PackOptions
from streamgauge.pack.scalars import items, value

_OF_A_GROUP: Final = re.compile(r"RedisStreamGroup[A-Z]")
_OF_A_STREAM: Final = re.compile(r"RedisStream[A-Z]")


def add_links(rules: str, options: PackOptions) -> str:
    """Write the links that the options name a base for into each alert of a rule file.

    Values of labels are escaped by `urlquery`, which templates have in every Prometheus.
    """
    for alert, node in reversed([*_annotations(rules)]):
        links = _links(alert, options)
        start = node.value[0][0].start_mark
        between = ", " if node.flow_style else "\n" + " " * start.column
        text = "".join(f"{name}: '{url}'{between}" for name, url in links.items())
        rules = rules[: start.index] + text + rules[start.index :]
    return rules


def _annotations(rules: str) -> Iterator[tuple[str, yaml.MappingNode]]:
    for group in items(value(yaml.compose(rules, Loader=yaml.SafeLoader), "groups")):
        for rule in items(value(group, "rules")):
            alert, annotations = value(rule, "alert"), value(rule, "annotations")
            if alert is not None and isinstance(annotations, yaml.MappingNode):
                yield alert.value, annotations


def _links(alert: str, options: PackOptions) -> dict[str, str]:
    """The links of one alert; its name tells what it is about."""
    links = {}
    if options.page_url:
        links["page_url"] = options.page_url + _page(alert)
    if options.dashboard_base:
        links["dashboard_url"] = f"{options.dashboard_base}/d/{_dashboard(alert)}"
    if options.runbook_base:
        links["runbook_url"] = f"{options.runbook_base}/{alert}.md"
    return links


def _page(alert: str) -> str:
    if _OF_A_GROUP.match(alert):
        return "/stream?" + _query("redis", "db", "stream", "group")
    if _OF_A_STREAM.match(alert):
        return "/stream?" + _query("redis", "db", "stream")
    return "/"


def _dashboard(alert: str) -> str:
    if _OF_A_GROUP.match(alert):
        return "streamgauge-stream?" + _query("redis", "stream", "group", "class", prefix="var-")
    if _OF_A_STREAM.match(alert):
        return "streamgauge-stream?" + _query("redis", "stream", "class", prefix="var-")
    return "streamgauge-exporter{{ with $labels.redis }}?var-redis={{ . | urlquery }}{{ end }}"


def _query(*labels: str, prefix: str = "") -> str:
    return "&".join(f"{prefix}{name}={{{{ $labels.{name} | urlquery }}}}" for name in labels)
