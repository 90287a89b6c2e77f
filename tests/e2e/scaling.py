"""The shipped files as the demo runs them in quick motion, with one factor for all tests here."""

import re
from collections.abc import Iterator
from typing import Any

from streamgauge.bundled import bundle_path
from streamgauge_demo.quick import DURATION, MOST_FACTOR, quick_rules, seconds

FACTOR = MOST_FACTOR

ALERTS = bundle_path("alerts")
RULES = sorted(ALERTS.glob("*.rules.yml"))
ALERTMANAGER = ALERTS / "alertmanager.example.yml"

_LOOK_BACK = re.compile(rf"\[({DURATION})\](?: offset ({DURATION}))?")


def quick_paging_rules() -> dict[str, dict[str, Any]]:
    """Every alert that pages, by its name, in quick motion."""
    return {
        rule["alert"]: rule
        for file in RULES
        for group in quick_rules(file.read_text(), FACTOR)["groups"]
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
