"""Text in columns of so many cells; a wide character takes two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.cells import cell_len

_NARROWEST: Final = 10
"""What is narrower cannot be read; then a line is longer than the terminal instead."""


def wrapped(text: str, width: int) -> list[str]:
    """The text as lines of at most `width` cells, broken at blanks and, where none is, anywhere."""
    if cell_len(text) <= width:
        return [text]
    lines, line, used = [], "", 0
    for word in _folded_words(text, width):
        cells = cell_len(word)
        if line and used + 1 + cells > width:
            lines.append(line)
            line, used = word, cells
        else:
            line = f"{line} {word}" if line else word
            used = cell_len(line)
    return [*lines, line]


def widths_within(total: int, natural: Sequence[int], wraps: Sequence[bool]) -> list[int]:
    """The widths of columns that together take `total` cells at most, as far as can be.

    Columns that wrap give way, the widest first; the others stay as wide as they are.
    """
    widths = list(natural)
    giving = sorted((width, index) for index, width in enumerate(natural) if wraps[index])
    room = total - sum(width for width, gives in zip(natural, wraps, strict=True) if not gives)
    for place, (width, index) in enumerate(giving):
        share = room // (len(giving) - place)
        widths[index] = min(width, max(share, _NARROWEST))
        room -= widths[index]
    return widths


def _folded_words(text: str, width: int) -> Iterator[str]:
    for word in text.split(" "):
        if cell_len(word) <= width:
            yield word
            continue
        part, used = "", 0
        for char in word:
            cells = cell_len(char)
            if part and used + cells > width:
                yield part
                part, used = "", 0
            part += char
            used += cells
        yield part
