"""Durations as Prometheus writes them: `90s`, `5m`, `1h30m`, `26h`, `500ms`."""

import re

_SECOND_MS = 1000
_UNITS_MS = {
    "y": 365 * 24 * 3600 * _SECOND_MS,
    "w": 7 * 24 * 3600 * _SECOND_MS,
    "d": 24 * 3600 * _SECOND_MS,
    "h": 3600 * _SECOND_MS,
    "m": 60 * _SECOND_MS,
    "s": _SECOND_MS,
    "ms": 1,
}
_DURATION = re.compile("".join(rf"(?:([0-9]{{1,15}}){unit})?" for unit in _UNITS_MS))
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]+)?")
# Prometheus keeps durations in 64-bit nanoseconds, and the limits end up in its expressions.
_LONGEST_MS = 292 * _UNITS_MS["y"]
_ALLOWED = "allowed: a duration such as 30s, 5m or 1h30m (units y w d h m s ms, the largest first)"


def parse_duration(text: str) -> float:
    """The length in seconds of a duration in Prometheus's notation.

    Raises ValueError with one sentence: what was found and what is allowed. A year has 365 days.
    """
    if _NUMBER.fullmatch(text):
        raise ValueError(without_unit(float(text), repr(text)))
    match = _DURATION.fullmatch(text)
    if match is None or not text:
        raise ValueError(f"found {text[:40]!r}, {_ALLOWED}")
    total_ms = sum(
        int(count) * unit_ms
        for count, unit_ms in zip(match.groups("0"), _UNITS_MS.values(), strict=True)
    )
    if total_ms > _LONGEST_MS:
        raise ValueError(f"found {text!r}, allowed: at most 292y")
    return total_ms / _SECOND_MS


def format_duration(seconds: float) -> str:
    """A duration in Prometheus's notation, to the millisecond: 5400 is `1h30m`.

    Years and weeks appear only where nothing remains, as Prometheus prints them: ten days are
    `10d`.
    """
    rest_ms = round(seconds * _SECOND_MS)
    if rest_ms < 0:
        raise ValueError("a duration is never negative")
    parts: list[str] = []
    for unit, unit_ms in _UNITS_MS.items():
        if unit in ("y", "w") and rest_ms % unit_ms:
            continue
        count, rest_ms = divmod(rest_ms, unit_ms)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def without_unit(seconds: float, found: str) -> str:
    """The sentence for a bare number, which Prometheus would refuse as well."""
    if seconds <= 0:
        return f"found {found}, allowed: a duration longer than 0, such as 30s"
    return f"found {found} without a unit, write {_suggested(seconds)}"


def _suggested(seconds: float) -> str:
    """`30s` for 30 and `90s` for 90: the user's own number where there is one."""
    return f"{seconds:.0f}s" if seconds == int(seconds) else format_duration(seconds)
