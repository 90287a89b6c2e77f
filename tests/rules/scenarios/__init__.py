"""Every way in which an alert must, or must not, fire: one module for each alert.

A scenario is a function that builds its case for one server release; `@on` names the releases it is
played on. Times are minutes from the start. The contract's bounds (how late, how long after repair)
are in simulator/case.py.
"""

from rules.scenarios import blind, declared, growing, losing, missing, quiet, stalled
from rules.scenarios.common import SCENARIOS, SECTIONS

__all__ = [
    "SCENARIOS",
    "SECTIONS",
    "blind",
    "declared",
    "growing",
    "losing",
    "missing",
    "quiet",
    "stalled",
]
