"""Waiting for a condition instead of sleeping for a guess."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
SLACK_SECONDS = 10.0
"""What a busy machine may add to a promise in seconds; to break one takes far longer here."""


def wait_for(probe: Callable[[], T], what: str, *, seconds: float = 60, every: float = 0.005) -> T:
    """Call `probe` every so many seconds until it answers something true; return that answer.

    `seconds` bounds the wait; then an AssertionError says `what` did not happen. It is
    generous: only a test that fails anyway waits that long, and a busy machine has its moments.
    """
    deadline = time.monotonic() + seconds
    while True:
        if answer := probe():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)


async def until(probe: Callable[[], object], what: str, *, seconds: float = 60) -> None:
    """Let the loop go on until `probe` answers something true; as `wait_for`, for a coroutine."""
    deadline = time.monotonic() + seconds
    while not probe():
        assert time.monotonic() <= deadline, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.005)
