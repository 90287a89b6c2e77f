"""The same work on several servers at once, where one that hangs holds up no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Hashable, Mapping
from queue import Empty, Queue
from typing import Final, Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")

_BATCH: Final = 64
_MOST_BATCHES: Final = 16
"""So much is brought before it is taken; whoever brings more waits."""


class _End(NamedTuple, Generic[K, T]):
    """A task has ended."""

    key: K
    result: T


def run_all(tasks: Mapping[K, Callable[[], T]]) -> dict[K, T]:
    """Run every task in a thread of its own; returns what each returned. A task must not raise."""
    results: dict[K, T] = {}

    def run(key: K, task: Callable[[], T]) -> None:
        results[key] = task()

    threads = [_thread(run, *item) for item in tasks.items()]
    for thread in threads:
        thread.join()
    return results


def merged(
    tasks: Mapping[K, Callable[[], Generator[V, None, T]]], seconds: float
) -> Generator[V, None, dict[K, T]]:
    """Run every task in a thread of its own, and yield what any of them yields.

    Returns what those returned that ended in time. A task must not raise. One that has not ended
    after `seconds` goes on unobserved.
    """
    came: Queue[list[V] | _End[K, T]] = Queue(_MOST_BATCHES)
    over = threading.Event()

    def run(key: K, task: Callable[[], Generator[V, None, T]]) -> None:
        running, batch = task(), list[V]()
        try:
            while not over.is_set():
                batch.append(next(running))
                if len(batch) == _BATCH:
                    came.put(batch)
                    batch = []
        except StopIteration as end:
            came.put(batch)
            came.put(_End(key, end.value))
        finally:
            running.close()

    for item in tasks.items():
        _thread(run, *item)
    results: dict[K, T] = {}
    ends = time.monotonic() + seconds
    try:
        while len(results) < len(tasks):
            one = came.get(timeout=max(0.0, ends - time.monotonic()))
            if isinstance(one, _End):
                results[one.key] = one.result
            else:
                yield from one
    except Empty:
        pass
    finally:
        over.set()
        while not came.empty():  # nobody waits any more for somebody to take what he brought
            came.get_nowait()
    return results


def _thread(run: Callable[[K, V], None], key: K, task: V) -> threading.Thread:
    """Begin a thread that cannot hold up the end of the process."""
    thread = threading.Thread(target=run, args=(key, task), daemon=True, name=f"node {key}")
    thread.start()
    return thread
