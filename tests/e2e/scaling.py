"""The shipped files in quick motion: every time in them divided by one factor, and nothing else.

A rule is as true of a system that runs thirty times as fast when its windows are thirty times as
short. So the files are read, and the times found in them are divided; no second copy is kept.

- Rules: `for`, `keep_firing_for`, and in expressions every duration (ranges and offsets) and every
  plain number of 60 or more. Those are seconds that a rule writes without a unit: a wait, the reach
  of a forecast. Smaller numbers are counts, signs and the tolerance between two clocks, which are
  the same at any pace.
- Alertmanager: every duration under `global` and `route`. The receivers' addresses are replaced.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from streamgauge.bundled import bundle_path

# A scrape a second is then one in thirty seconds: as seldom as the rules are tested with.
FACTOR = 30

ALERTS = bundle_path("alerts")
RULES = sorted(ALERTS.glob("*.rules.yml"))
ALERTMANAGER = ALERTS / "alertmanager.example.yml"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_PART = r"(\d+)(ms|[smhdw])"
_DURATION = r"(?:\d+(?:ms|[smhdw]))+"
_LOOK_BACK = re.compile(rf"\[({_DURATION})\](?: offset ({_DURATION}))?")
# Texts and names come first, so that nothing inside them is taken for a time.
_TOKEN = re.compile(
    rf'"(?:[^"\\]|\\.)*"|[A-Za-z_][\w:]*|(?P<duration>{_DURATION})|(?P<number>\d+(?:\.\d+)?)'
)
_LEAST_UNITLESS_SECONDS = 60


def seconds(duration: str) -> float:
    """How long `1h30m` is."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(_PART, duration))


def quick(duration: str) -> str:
    """The duration divided by the factor, to the millisecond."""
    milliseconds = round(seconds(duration) * 1_000 / FACTOR)
    return f"{milliseconds}ms" if milliseconds % 1_000 else f"{milliseconds // 1_000}s"


def quick_expression(expression: str) -> str:
    """The PromQL expression with every time in it divided by the factor."""

    def replace(token: re.Match[str]) -> str:
        if token["duration"]:
            return quick(token["duration"])
        if token["number"] and float(token["number"]) >= _LEAST_UNITLESS_SECONDS:
            return f"{float(token['number']) / FACTOR:g}"
        return token[0]

    return _TOKEN.sub(replace, expression)


def quick_rules(text: str) -> dict[str, Any]:
    """A rule file with every time in it divided by the factor."""
    document: dict[str, Any] = yaml.safe_load(text)
    for group in document["groups"]:
        _quicken(group, "interval")
        for rule in group["rules"]:
            rule["expr"] = quick_expression(rule["expr"])
            _quicken(rule, "for", "keep_firing_for")
    return document


def quick_alertmanager(text: str, url: str) -> dict[str, Any]:
    """The example with every time divided by the factor; each receiver at `url` and its name."""
    document: dict[str, Any] = yaml.safe_load(text)
    _quicken(document["global"], "resolve_timeout")
    for route in _routes(document["route"]):
        _quicken(route, "group_wait", "group_interval", "repeat_interval")
    for receiver in document["receivers"]:
        for webhook in receiver["webhook_configs"]:
            webhook["url"] = f"{url}/{receiver['name']}"
    return document


def write_quick_rules(directory: Path) -> list[Path]:
    """Write every shipped rule file, in quick motion, into the directory."""
    written = []
    for shipped in RULES:
        file = directory / shipped.name
        file.write_text(yaml.safe_dump(quick_rules(shipped.read_text()), sort_keys=False))
        written.append(file)
    return written


def quick_paging_rules() -> dict[str, dict[str, Any]]:
    """Every alert that pages, by its name, in quick motion."""
    return {
        rule["alert"]: rule
        for file in RULES
        for group in quick_rules(file.read_text())["groups"]
        for rule in group["rules"]
        if rule.get("labels", {}).get("severity") == "critical"
    }


def longest_memory() -> float:
    """Seconds after which every alert that pages has seen all it looks at, for as long as it asks.

    A calm time of that length is one in which each of them could have fired.
    """
    return max(
        max(
            (seconds(window) + seconds(offset) for window, offset in looks(rule["expr"])), default=0
        )
        + seconds(rule.get("for", ""))
        for rule in quick_paging_rules().values()
    )


def looks(expression: str) -> Iterator[tuple[str, str]]:
    """Every range of the expression and its offset, empty when there is none."""
    yield from _LOOK_BACK.findall(expression)


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", ()):
        yield from _routes(child)


def _quicken(mapping: dict[str, Any], *keys: str) -> None:
    for key in keys:
        if key in mapping:
            mapping[key] = quick(mapping[key])
