"""What every actor is handed: Redis, the pace, what is broken, what is held, and chance."""

import random
from dataclasses import dataclass, field

from streamgauge_demo.bus import Bus, GroupReader
from streamgauge_demo.catalogue import SYMBOLS, GroupSpec
from streamgauge_demo.incidents import Breakages
from streamgauge_demo.pace import Pace
from streamgauge_demo.positions import Positions


@dataclass
class World:
    """The shared state of one running system; all of it belongs to one event loop."""

    bus: Bus
    pace: Pace
    breakages: Breakages = field(default_factory=Breakages)
    positions: Positions = field(default_factory=Positions)
    prices: dict[str, float] = field(
        default_factory=lambda: {
            symbol: round(40_000.0 / 3**rank, 4) for rank, symbol in enumerate(SYMBOLS)
        }
    )
    chance: random.Random = field(default_factory=random.Random)

    def reader(self, stream: str, group: GroupSpec) -> GroupReader:
        """The consumer of a group of the catalogue."""
        return GroupReader(self.bus, stream, group)

    def walk(self, symbol: str) -> float:
        """Move a price by a little and give it."""
        price = round(self.prices[symbol] * self.chance.uniform(0.9995, 1.0005), 4)
        self.prices[symbol] = price
        return price
