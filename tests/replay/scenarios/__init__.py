"""Every way in which an alert must, or must not, fire on a real server."""

from replay.scenarios import declared, disturbed, outages
from replay.scenarios.odd import ODD
from replay.scenarios.ordinary import ORDINARY

WORLDS = (ORDINARY, ODD, *disturbed.WORLDS, *outages.WORLDS, *declared.WORLDS)

__all__ = ["WORLDS"]
