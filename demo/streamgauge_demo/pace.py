"""How fast the demo's clock runs, and how far compressing it may go."""

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass

# Below these a shorter time would measure the machine's jitter, not the simulated system.
SHORTEST_PERIOD_SECONDS = 0.05
SHORTEST_LIMIT_SECONDS = 5


@dataclass(frozen=True)
class Pace:
    """Turns seconds of the simulated system into wall seconds at `speed` times its pace."""

    speed: float = 1.0

    def seconds(self, simulated: float, *, floor: float = SHORTEST_PERIOD_SECONDS) -> float:
        """Wall seconds for a period, a TTL or a cooldown; never below `floor`."""
        return max(simulated / self.speed, floor)

    def limit(self, simulated: float) -> int:
        """Whole wall seconds for a limit of the configuration, rounded up, at least five."""
        return max(math.ceil(simulated / self.speed), SHORTEST_LIMIT_SECONDS)


async def every(seconds: float) -> AsyncIterator[None]:
    """Yield at once and then every `seconds`, without the drift of sleeping after the work."""
    clock = asyncio.get_running_loop().time
    due = clock()
    while True:
        yield
        due = max(due + seconds, clock())
        await asyncio.sleep(due - clock())
