"""Questions to Redis on behalf of people: no more than a server should be asked."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Final, NamedTuple

from streamgauge.report.incident import Asked, not_asked
from streamgauge.source.errors import Unreadable
from streamgauge.source.inquiry import Answer
from streamgauge.verdict.words import Sentence, duration

MOST_QUESTIONS: Final = 5
WITHIN_SECONDS: Final = 5.0
"""One server is asked about so many groups within so many seconds."""

_MOST_KEPT: Final = 32

_About = tuple[str, bytes, bytes]


class _Kept(NamedTuple):
    answer: Answer
    at: float


class Inquiries:
    """Asks, and keeps the last answers for those who come too soon after others."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked_at: defaultdict[str, deque[float]] = defaultdict(deque)
        self._kept: dict[_About, _Kept] = {}
        self._lock = threading.Lock()

    def ask(self, redis: str, stream: bytes, group: bytes, inquire: Callable[[], Answer]) -> Asked:
        """Return what `inquire` answers, or an earlier answer and why it is one; never raises."""
        about = redis, stream, group
        if not self._may_ask(redis):
            return self._too_often(about)
        try:
            answer = inquire()
        except Unreadable as error:
            return not_asked(error)
        with self._lock:
            self._kept.pop(about, None)
            self._kept[about] = _Kept(answer, self._clock())
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return Asked(answer)

    def _may_ask(self, redis: str) -> bool:
        with self._lock:
            now, times = self._clock(), self._asked_at[redis]
            while times and now - times[0] >= WITHIN_SECONDS:
                times.popleft()
            if len(times) >= MOST_QUESTIONS:
                return False
            times.append(now)
            return True

    def _too_often(self, about: _About) -> Asked:
        limit = f"at most {MOST_QUESTIONS} times in {duration(WITHIN_SECONDS)}"
        with self._lock:
            kept = self._kept.get(about)
            if kept is None:
                what = "pending entries and consumers are left out; load the page again"
                return Asked(None, Sentence(f"Redis is asked {limit}, so {what}."))
            ago = duration(self._clock() - kept.at)
        what = f"pending entries and consumers are from {ago} ago"
        return Asked(kept.answer, Sentence(f"Redis is asked {limit}, so {what}."))
