"""Asking several servers the same until one of them knows the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from streamgauge.source.deadline import Deadline
from streamgauge.source.errors import Unreadable
from streamgauge.source.node import Node

T = TypeVar("T")

_MOST_SHARES: Final = 3
"""However many servers there are, the first that is asked gets a third of the time for all."""


class InTurn:
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
