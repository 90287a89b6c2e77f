"""Every way in which an alert must, or must not, fire on a real server."""

from replay.scenarios.ordinary import ORDINARY

WORLDS = (ORDINARY,)

__all__ = ["WORLDS"]
