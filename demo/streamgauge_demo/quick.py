"""The shipped files in quick motion: every time in them divided by one factor, and nothing else.

A rule is as true of a system that runs thirty times as fast when its windows are thirty times as
short. So the files are read, and the times found in them are divided; no second copy is kept.

- Rules: `for`, `keep_firing_for`, and in expressions every duration (ranges and offsets) and every
  plain number of 60 or more. Those are seconds that a rule writes without a unit: a wait, the reach
  of a forecast. Smaller numbers are counts, signs and the tolerance between two clocks, which are
  the same at any pace.
- Alertmanager: every duration under `global` and `route`. The receivers' addresses are replaced.

Two times are the exporter's own and stay: after a failed scrape or a restart of Redis it gives a
feed three minutes and a group five. They only delay a page, and only after Redis was lost.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

# A scrape a second is then one in thirty seconds: as seldom as the rules are tested with.
MOST_FACTOR = 30

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_PART = r"(\d+)(ms|[smhdw])"
DURATION = r"(?:\d+(?:ms|[smhdw]))+"
# Texts and names come first, so that nothing inside them is taken for a time.
_TOKEN = re.compile(
    rf'"(?:[^"\\]|\\.)*"|[A-Za-z_][\w:]*|(?P<duration>{DURATION})|(?P<number>\d+(?:\.\d+)?)'
)
_LEAST_UNITLESS_SECONDS = 60


def seconds(duration: str) -> float:
    """How long `1h30m` is."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(_PART, duration))


def quick(duration: str, factor: float) -> str:
    """The duration divided by the factor, to the millisecond."""
    milliseconds = round(seconds(duration) * 1_000 / factor)
    return f"{milliseconds}ms" if milliseconds % 1_000 else f"{milliseconds // 1_000}s"


def quick_expression(expression: str, factor: float) -> str:
    """The PromQL expression with every time in it divided by the factor."""

    def replace(token: re.Match[str]) -> str:
        if token["duration"]:
            return quick(token["duration"], factor)
        if token["number"] and float(token["number"]) >= _LEAST_UNITLESS_SECONDS:
            return f"{float(token['number']) / factor:g}"
        return token[0]

    return _TOKEN.sub(replace, expression)


def quick_rules(text: str, factor: float) -> dict[str, Any]:
    """A rule file with every time in it divided by the factor."""
    document: dict[str, Any] = yaml.safe_load(text)
    for group in document["groups"]:
        _quicken(group, factor, "interval")
        for rule in group["rules"]:
            rule["expr"] = quick_expression(rule["expr"], factor)
            _quicken(rule, factor, "for", "keep_firing_for")
    return document


def quick_alertmanager(text: str, url: str, factor: float) -> dict[str, Any]:
    """The example with every time divided by the factor; each receiver at `url` and its name."""
    document: dict[str, Any] = yaml.safe_load(text)
    _quicken(document["global"], factor, "resolve_timeout")
    for route in _routes(document["route"]):
        _quicken(route, factor, "group_wait", "group_interval", "repeat_interval")
    for receiver in document["receivers"]:
        for webhook in receiver["webhook_configs"]:
            webhook["url"] = f"{url}/{receiver['name']}"
    return document


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", ()):
        yield from _routes(child)


def _quicken(mapping: dict[str, Any], factor: float, *keys: str) -> None:
    for key in keys:
        if key in mapping:
            mapping[key] = quick(mapping[key], factor)
