"""Keeping Python's search for cyclic garbage out of the scrapes."""

from __future__ import annotations

import asyncio
import gc
from typing import Final

from streamgauge.web.scrapes import Scrapes

_PAUSE_SECONDS: Final = 5.0
_FULL_SEARCH_EVERY: Final = 12
"""The other searches look only at what is new, and not again at all records."""
_MOST_PASSED_OVER: Final = 2
"""A scrape is held up where one follows the other: clients that hang up leave garbage too."""


async def collect_between(scrapes: Scrapes) -> None:
    """Search for garbage now and then while no scrape is under way.

    A scrape makes records by the thousand and no cycles. Python, which counts what is made, would
    look through all of them again and again: half of the time of a scrape of many streams.
    """
    gc.disable()
    passed_over = searches = 0
    while True:
        await asyncio.sleep(_PAUSE_SECONDS)
        passed_over += 1
        if not scrapes.under_way or passed_over == _MOST_PASSED_OVER:
            searches += 1
            gc.collect(2 if searches % _FULL_SEARCH_EVERY == 0 else 1)
            passed_over = 0
