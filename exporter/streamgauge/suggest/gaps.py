"""The gaps between arrivals: how long, how often, and how long they may yet become."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Final

_TAIL_SHARE: Final = 0.1
_TAIL_MOST: Final = 100
_TAIL_LEAST: Final = 10


class Gaps:
    """The gaps between arrivals that are in order, all in seconds; there is at least one."""

    def __init__(self, arrivals: Sequence[float]) -> None:
        self.lengths = [later - earlier for earlier, later in pairwise(arrivals)]
        self.span = arrivals[-1] - arrivals[0]

    def __len__(self) -> int:
        return len(self.lengths)

    @cached_property
    def longest(self) -> float:
        """The longest gap."""
        return max(self.lengths)

    @property
    def mean(self) -> float:
        """The mean gap."""
        return self.span / len(self)

    @cached_property
    def median(self) -> float:
        """The middle one of the gaps."""
        return median(self.lengths)

    def long_ones(self) -> list[float]:
        """The gaps of at least a quarter of the longest: what separates bursts, if any."""
        return [length for length in self.lengths if length >= self.longest / 4]

    def over(self, seconds: float) -> int:
        """Count the gaps longer than this."""
        return sum(1 for length in self.lengths if length > seconds)

    def expected_longest(self, seconds: float, *, of_long_ones: bool = False) -> float:
        """Estimate the longest gap of so many seconds to come, if they are like those seen.

        `of_long_ones` leaves the gaps within bursts out of account.

        The gaps above a high threshold are taken as exponential there (peaks over threshold with a
        shape of 0): with k gaps over u, whose mean excess is e, the level that is passed once in
        a time R/T as long as the history is u + e ln(k R/T). A few gaps give a rough figure.
        """
        lengths = self.long_ones() if of_long_ones else self.lengths
        count = min(_TAIL_MOST, max(_TAIL_LEAST, int(len(lengths) * _TAIL_SHARE)), len(lengths))
        tail = heapq.nlargest(count, lengths)
        threshold = tail[-1]
        excess = sum(length - threshold for length in tail) / count
        return threshold + excess * max(0.0, math.log(count * max(1.0, seconds / self.span)))
