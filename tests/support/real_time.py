"""The time that a test takes, by which what it measures may differ from what it made."""

import time
from typing import Any

import pytest


class RealTime:
    """Begins when it is made; `about` allows for all that has passed since then."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def about(self, expected: Any, slack: float = 1.0) -> Any:
        """What is equal to this within the time that has passed, and a little more."""
        return pytest.approx(expected, abs=slack + time.monotonic() - self._began)
