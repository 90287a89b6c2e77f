"""How long a continuous stream may be silent now: what was declared, and when it is lifted."""

from __future__ import annotations

import math
from typing import Final

from streamgauge.model.memory import FeedMemory
from streamgauge.policy import StreamPolicy

_LEAST_GRACE_SECONDS: Final = 180.0
"""Producers that lost their connection need some time to come back."""


def quiet_limit_seconds(
    feed: FeedMemory,
    policy: StreamPolicy,
    *,
    now_us: int,
    age_seconds: float | None,
    is_disturbed: bool,
) -> float | None:
    """Return the quiet limit as it is now; infinite while it is lifted.

    It is lifted outside active hours, and for one limit, three minutes at least, after Redis could
    not be read or another process of it answers (`is_disturbed`): for a stream that was within its
    limit before, and never again while that lasts. An age of None is that of a missing stream.
    """
    limit = policy.quiet_limit_at(now_us / 1e6)
    if limit is None or policy.quiet_limit_seconds is None:
        return limit
    if is_disturbed and feed.is_within and now_us >= feed.free_until_us:
        grace_seconds = max(policy.quiet_limit_seconds, _LEAST_GRACE_SECONDS)
        feed.free_until_us = now_us + int(grace_seconds * 1e6)
    feed.is_within = math.isinf(limit) or (age_seconds is not None and age_seconds <= limit)
    return math.inf if now_us < feed.free_until_us else limit
