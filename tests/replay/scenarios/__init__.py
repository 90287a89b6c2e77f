"""Every way in which an alert must, or must not, fire on a real server."""

from replay.scenarios import declared, disturbed, outages
from replay.scenarios.odd import ODD
from replay.scenarios.ordinary import ORDINARY

WORLDS = (ORDINARY, ODD, *disturbed.WORLDS, *outages.WORLDS, *declared.WORLDS)
DAILY = {ORDINARY: "redis-8.10", outages.LINK_LOST: "redis-6.2"}
"""What every run plays, each on one server."""

__all__ = ["DAILY", "WORLDS"]
