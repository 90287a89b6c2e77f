"""What an alert must do in a history: fire, with these words, and resolve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rules.hygiene.histories import Tell


class Look(NamedTuple):
    """Is this alert firing at this minute?"""

    alert: str
    minute: int


Said = tuple[dict[str, str], dict[str, str]]
"""The labels and the annotations of an alert."""


@dataclass
class Alert:
    """An alert that fires at one minute, not at others, and what it says."""

    name: str
    tell: Tell
    labels: dict[str, str]
    fires: int
    silent: tuple[int, ...]
    summary: str
    description: str
    severity: str = "warning"

    @property
    def looks(self) -> list[Look]:
        return [Look(self.name, minute) for minute in (self.fires, *self.silent)]

    @property
    def says(self) -> Said:
        labels = {"job": "streamgauge", "severity": self.severity} | self.labels
        return labels | {"alertname": self.name}, {
            "summary": self.summary,
            "description": self.description,
        }
