"""What Grafana puts in place of `$variable` and `$__interval` before it asks Prometheus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"\$(?:(\w+)|\{(\w+)\})")
_SPECIAL = re.compile(r"[$^*{}\[\]'+?.()|]")


@dataclass(frozen=True)
class All:
    """The choice All, of a variable whose All is written so."""

    value: str


Choice = All | list[str]


@dataclass(frozen=True)
class View:
    """A dashboard as somebody looks at it: what is chosen, the time range, the data source."""

    choices: Mapping[str, Choice] = field(default_factory=dict)
    range_seconds: float = 3 * 3_600
    scrape_seconds: float = 15
    points: int = 1000

    @property
    def step_seconds(self) -> float:
        return max(self.range_seconds / self.points, self.scrape_seconds)

    def interpolate(self, expression: str) -> str:
        """The expression with every variable replaced; KeyError for one that does not exist."""
        rate = max(self.step_seconds + self.scrape_seconds, 4 * self.scrape_seconds)
        times = {
            "__interval": _milliseconds(self.step_seconds),
            "__rate_interval": _milliseconds(rate),
            "__range": _milliseconds(self.range_seconds),
        }

        def replace(found: re.Match[str]) -> str:
            name = found[1] or found[2]
            return times[name] if name in times else _regex(self.choices[name])

        return _NAME.sub(replace, expression)


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1_000)}ms"


def _regex(choice: Choice) -> str:
    if isinstance(choice, All):
        return choice.value
    escaped = [_escape(value) for value in choice]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def _escape(value: str) -> str:
    """For a regular expression inside a PromQL string, hence every backslash twice."""
    return _SPECIAL.sub(r"\\\\\g<0>", value.replace("\\", "\\\\\\\\"))
