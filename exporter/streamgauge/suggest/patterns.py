"""Names that agree become one pattern, and never one that a name of another opinion matches."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from streamgauge import globs

T = TypeVar("T", bound=Hashable)

_LEAST_NAMES: Final = 3
_SEPARATOR: Final = re.compile(rb"[:./-]")
_MOST_CUTS: Final = 8
_LONGEST_NAME: Final = 1024


class Grouped(NamedTuple):
    """A pattern as the configuration writes it, in bytes, and the names that it stands for."""

    pattern: bytes
    names: tuple[bytes, ...]


class _Shape(NamedTuple):
    """A candidate: names that begin and end so, with anything between."""

    head: bytes
    tail: bytes

    @property
    def pattern(self) -> bytes:
        return globs.escape(self.head) + b"*" + globs.escape(self.tail)

    def fits(self, name: bytes) -> bool:
        longer = len(name) >= len(self.head) + len(self.tail)
        return longer and name.startswith(self.head) and name.endswith(self.tail)


def merge(agreed: Mapping[bytes, T], others: Iterable[bytes]) -> list[Grouped]:
    """Put names of equal value into patterns, three at least to one; what is left stays a name.

    No pattern matches a name of another value or one of `others`. A pattern is cut at a separator
    (: . / -), has text before or behind its star, and is as narrow as its names allow. The result
    is in the order of the first names. A name of more than eight parts, or very long, stays alone.
    """
    others = set(others)
    odd = [name for name in (*agreed, *others) if _is_odd(name)]
    shapes: dict[_Shape, list[bytes]] = defaultdict(list)
    for name in sorted(agreed):
        for shape in _shapes(name):
            shapes[shape].append(name)
    spoiled = {shape for name in others for shape in _shapes(name) if shape in shapes}
    spoiled |= {shape for name in odd for shape in shapes if shape.fits(name)}
    candidates = [
        (shape, names)
        for shape, names in shapes.items()
        if len(names) >= _LEAST_NAMES
        and shape not in spoiled
        and len({agreed[name] for name in names}) == 1
    ]
    # The widest first, and of those that match the same names the narrowest.
    candidates.sort(key=lambda each: (-len(each[1]), -len(each[0].head + each[0].tail), each[0]))
    groups: list[Grouped] = []
    taken: set[bytes] = set()
    for shape, names in candidates:
        left = [name for name in names if name not in taken]
        if len(left) >= _LEAST_NAMES:
            groups.append(Grouped(shape.pattern, tuple(left)))
            taken.update(left)
    groups += (Grouped(globs.escape(name), (name,)) for name in agreed if name not in taken)
    return sorted(groups, key=lambda group: group.names[0])


def _shapes(name: bytes) -> Iterator[_Shape]:
    """Every candidate that matches this name."""
    if _is_odd(name):
        return
    cuts = [found.end() for found in _SEPARATOR.finditer(name)]
    for at in cuts:
        yield _Shape(name[:at], b"")
    for at in cuts:
        yield _Shape(b"", name[at - 1 :])
    for start in cuts:
        for end in cuts:
            if end > start:
                yield _Shape(name[:start], name[end - 1 :])


def _is_odd(name: bytes) -> bool:
    return len(name) > _LONGEST_NAME or len(_SEPARATOR.findall(name)) > _MOST_CUTS
