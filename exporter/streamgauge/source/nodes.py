"""Several servers of one Redis: their addresses, asked in turn or all at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from queue import Empty, Queue
from typing import Final, Generic, NamedTuple, TypeVar

from streamgauge.config import RedisConfig
from streamgauge.config.model import Mode, host_and_port
from streamgauge.source.errors import Unreadable
from streamgauge.source.wire import Deadline

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")


AddressMap = Mapping[tuple[str, int], tuple[str, int]]
NOT_MAPPED: Final[AddressMap] = {}

_MOST_SHARES: Final = 3
"""However many servers there are, the first that is asked gets a third of the time for all."""

_BATCH: Final = 64
_MOST_BATCHES: Final = 16
"""So much is brought before it is taken; whoever brings more waits."""


class Node(NamedTuple):
    """One server, of a cluster or behind sentinels."""

    host: str
    port: int

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)

    def reached(self, address_map: AddressMap) -> Node:
        """Where a node is reached that announces this address."""
        return Node(*address_map.get(self, self))


def settings_at(redis: RedisConfig, node: Node) -> RedisConfig:
    """Return the settings of a Redis for one of its nodes: login and TLS are the same on all."""
    mode: Mode = "standalone" if redis.sentinel else "cluster"
    return replace(redis, host=node.host, port=node.port, mode=mode, sentinel=None)


class LastGoodFirst:
    """Remembers who answered last, and begins with that one; `kind` is what they are called."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._last: Node | None = None

    def answers(
        self,
        nodes: Iterable[Node],
        ask: Callable[[Node, Deadline], T],
        deadline: Deadline,
        *,
        of_time: float,
    ) -> Iterator[T]:
        """Yield the answer of each node that has one; raises Unreadable when none has.

        `ask` raises Unreadable for a node that does not know; all of them together get the part
        `of_time` of the time that is left.
        """
        refusal = Unreadable("other", f"there is no {self._kind} to ask")
        answered = False
        waiting = sorted(dict.fromkeys(nodes), key=lambda node: node != self._last)
        while waiting:
            share = of_time / min(len(waiting), _MOST_SHARES)
            node = waiting.pop(0)
            try:
                answer = ask(node, deadline.part(share))
            except Unreadable as error:
                refusal = Unreadable(error.reason, f"{self._kind} {node}: {error}")
            else:
                self._last, answered = node, True
                yield answer
        if not answered:
            raise refusal


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
