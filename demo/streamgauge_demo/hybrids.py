"""What comes and goes: harvests, risk warnings, rewards, and a stream nobody has classified."""

from collections.abc import Callable

from streamgauge_demo.catalogue import BY_NAME, SYMBOLS
from streamgauge_demo.pace import every
from streamgauge_demo.world import World

_CHECKS_PER_MEAN = 20


async def _now_and_then(world: World, name: str, entry: Callable[[], dict[str, object]]) -> None:
    """Append at random times with the stream's mean: often nothing, sometimes two in a row."""
    check_seconds = BY_NAME[name].every_seconds / _CHECKS_PER_MEAN
    async for _ in every(world.pace.seconds(check_seconds)):
        if world.chance.randrange(_CHECKS_PER_MEAN) == 0:
            await world.bus.append(name, entry())


async def harvest(world: World) -> None:
    """Take profits when the market offers them."""
    await _now_and_then(
        world,
        "harvest.intent",
        lambda: {
            "symbol": world.chance.choice(SYMBOLS),
            "profit_percent": round(world.chance.uniform(0.5, 4.0), 2),
        },
    )


async def risk_watch(world: World) -> None:
    """Warn of a risk."""
    await _now_and_then(
        world,
        "risk.events",
        lambda: {"symbol": world.chance.choice(SYMBOLS), "kind": "volatility"},
    )


async def reward_writer(world: World) -> None:
    """Write feedback for reinforcement learning."""
    await _now_and_then(world, "rl_rewards", lambda: {"reward": round(world.chance.gauss(0, 1), 4)})


async def experiment(world: World) -> None:
    """Write the stream that is in no configuration."""
    await _now_and_then(world, "lab.experiment", lambda: {"trial": world.chance.randrange(100)})
