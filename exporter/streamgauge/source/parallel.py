"""The same work on several servers at once, where one that hangs holds up no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


def run_all(tasks: Mapping[K, Callable[[], T]], seconds: float | None = None) -> dict[K, T]:
    """Run every task in a thread of its own; returns what those returned that ended in time.

    A task must not raise. One that has not ended after `seconds` goes on unobserved, in a daemon
    thread, so that a name that is never resolved cannot hold up the end of the process either.
    """
    results: dict[K, T] = {}

    def run(key: K, task: Callable[[], T]) -> None:
        results[key] = task()

    threads = [
        threading.Thread(target=run, args=item, daemon=True, name=f"node {item[0]}")
        for item in tasks.items()
    ]
    for thread in threads:
        thread.start()
    ends = None if seconds is None else time.monotonic() + seconds
    for thread in threads:
        thread.join(None if ends is None else max(0.0, ends - time.monotonic()))
    return dict(results)
