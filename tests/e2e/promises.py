"""How soon a page must come and go: the promise of the rules, in quick motion, and the routing."""

from e2e.scaling import ALERTMANAGER, FACTOR
from rules.simulator.case import CLEARS_WITHIN, FIRES_WITHIN
from rules.simulator.world import MINUTE
from streamgauge_demo.quick import quick_alertmanager, seconds

_OVERDUE = "RedisStreamReactionOverdue"
_FIRES_WITHIN = FIRES_WITHIN | {_OVERDUE: lambda limit: limit + 4 * MINUTE}
_CLEARS_WITHIN = CLEARS_WITHIN | {_OVERDUE: 10 * MINUTE}
_ROUTE = quick_alertmanager(ALERTMANAGER.read_text(), "http://127.0.0.1", FACTOR)["route"]
GROUP_WAIT = seconds(_ROUTE["group_wait"])
GROUP_INTERVAL = seconds(_ROUTE["group_interval"])


def told_within(alert: str, limit: float = 0.0) -> float:
    """Seconds from a cause to its page, at most; the limit is that of the demo, in quick motion."""
    return _FIRES_WITHIN[alert](limit * FACTOR) / FACTOR + GROUP_WAIT


def over_within(alert: str) -> float:
    """Seconds from the repair to the message that it is over, at most."""
    return _CLEARS_WITHIN[alert] / FACTOR + GROUP_INTERVAL
