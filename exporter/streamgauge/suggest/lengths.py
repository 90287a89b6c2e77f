"""Gap lengths for people: `20ms`, `4.1s`, `12.3s`, and from a minute on two places as elsewhere."""

from __future__ import annotations

from streamgauge.config import parse_duration
from streamgauge.verdict.words import duration


def length(seconds: float) -> str:
    """Write the length of a gap, tenths of a second where a gap of seconds needs them."""
    return _rounded(seconds)[0]


def written(seconds: float) -> float:
    """The length that `length` writes for this one, so that what is counted is what is written."""
    return _rounded(seconds)[1]


def _rounded(seconds: float) -> tuple[str, float]:
    if 0 < seconds < 1:
        milliseconds = round(seconds * 1000)
        return f"{milliseconds}ms", milliseconds / 1000
    if seconds < 60:
        tenths = round(seconds, 1)
        return f"{tenths:g}s", tenths
    text = duration(seconds)
    return text, parse_duration(text)
