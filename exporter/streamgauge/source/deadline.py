"""When work must be done, and how somebody else can end it sooner."""

from __future__ import annotations

import time

from streamgauge.source.errors import Unreadable


class Deadline:
    """A moment on the monotonic clock by which work must be done; may lie within another one."""

    def __init__(self, seconds: float, within: Deadline | None = None) -> None:
        self._at = time.monotonic() + seconds
        self._within = within
        self._ended: tuple[str, str] | None = None

    def remaining(self) -> float:
        """Return the seconds left; raises Unreadable when there are none, or the work was ended."""
        outer = self._within.remaining() if self._within is not None else None
        if self.ended is not None:
            raise self.ended
        left = self._at - time.monotonic()
        if left <= 0:
            raise Unreadable("timeout", "no answer in time")
        return left if outer is None else min(left, outer)

    def part(self, share: float) -> Deadline:
        """Return a deadline after this share of the seconds left; it ends when this one ends."""
        return Deadline(self.remaining() * share, self)

    @property
    def ended(self) -> Unreadable | None:
        """Why somebody ended the work before its time; None while nobody has."""
        return Unreadable(*self._ended) if self._ended is not None else None

    def end(self, reason: str, detail: str) -> None:
        """Leave no time to whoever works under this deadline; `reason` is one of ERROR_REASONS."""
        self._ended = (reason, detail)
