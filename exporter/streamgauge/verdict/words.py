"""Reasons in words; names from Redis stay bytes in them until it is known where they are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from streamgauge.config.durations import format_duration

_MOST_NAMES: Final = 5
_UNITS: Final = (86_400, 3_600, 60, 1)
_TENTHS_BELOW_SECONDS: Final = 10.0


class Sentence(NamedTuple):
    """A sentence of this program with a `{}` for each name that comes from Redis.

    Names are hostile: they may hold newlines, escape sequences or markup. Kept apart, they get
    into a text only through the function that neutralises them for it.
    """

    template: str
    names: tuple[bytes, ...] = ()

    def text(self, quote: Callable[[bytes], str]) -> str:
        """Write the sentence with every name as `quote` shows it."""
        return self.template.format(*map(quote, self.names))


def outside(text: str) -> bytes:
    """A text that comes from outside, such as an error of Redis: as hostile as a name."""
    return text.encode("utf-8", "surrogateescape")


def duration(seconds: float) -> str:
    """A time span to about two places: `0.3s`, `42s`, `4m10s`, `9d1h`."""
    if seconds < _TENTHS_BELOW_SECONDS:
        tenths = round(max(0.0, seconds), 1)
        return f"{tenths:g}s"
    whole = round(seconds)
    largest = next(i for i, unit in enumerate(_UNITS) if whole >= unit)
    smallest = _UNITS[min(largest + 1, len(_UNITS) - 1)]
    return format_duration(whole // smallest * smallest)


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun: `1 entry`, `2,000 entries`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def entries(number: int) -> str:
    """So many entries."""
    return counted(number, "entry", "entries")


def name_list(names: Sequence[bytes]) -> Sentence:
    """The first few names, and how many more there are: `a, b and 3 more`."""
    shown = tuple(names[:_MOST_NAMES])
    parts = ["{}"] * len(shown)
    if len(names) > len(shown):
        parts.append(f"{len(names) - len(shown):,} more")
    if len(parts) == 1:
        return Sentence(parts[0], shown)
    return Sentence(f"{', '.join(parts[:-1])} and {parts[-1]}", shown)
