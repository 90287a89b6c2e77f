"""The demo's clock."""

import asyncio
from itertools import pairwise

import pytest

from streamgauge_demo.pace import Pace, every
from streamgauge_demo.positions import MOST_LOTS, Positions


@pytest.mark.parametrize(
    ("speed", "simulated", "seconds", "limit"),
    [(1, 30, 30, 30), (60, 300, 5, 5), (60, 1, 0.05, 5), (7, 300, 300 / 7, 43), (10, 0.5, 0.05, 5)],
)
def test_compression_and_its_floors(speed: float, simulated: float, seconds: float, limit: int):
    assert Pace(speed).seconds(simulated) == seconds
    assert Pace(speed).limit(simulated) == limit
    assert Pace(speed).seconds(simulated, floor=100) == 100


def test_every_makes_up_for_the_work_between():
    async def times() -> list[float]:
        clock = asyncio.get_running_loop().time
        seen: list[float] = []
        async for _ in every(0.03):
            seen.append(clock())
            if len(seen) == 4:
                break
            await asyncio.sleep(0.02)
        return seen

    seen = asyncio.run(times())
    # Sleeping a whole period after the work would take 0.05 s a round.
    assert seen[-1] - seen[0] >= 0.09 - 0.001
    assert all(later > earlier for earlier, later in pairwise(seen))


def test_positions_stay_within_what_may_be_held():
    positions = Positions()
    assert positions.fill("BTCUSDT", MOST_LOTS + 5) == MOST_LOTS
    assert positions.exchange["BTCUSDT"] == MOST_LOTS
    positions.disturb("BTCUSDT", 50)
    assert positions.fill("BTCUSDT", -1) == MOST_LOTS - 1
    assert positions.exchange["BTCUSDT"] == MOST_LOTS + 49
    positions.settle("BTCUSDT", 3)
    assert (positions.exchange["BTCUSDT"], positions.booked["BTCUSDT"]) == (3, 3)
