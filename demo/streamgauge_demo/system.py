"""The simulated system as a whole: prepared once, run until it is told to end, then cleared."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Self

from redis.exceptions import RedisError

from streamgauge_demo import control, feeds, hybrids, pipeline, reconciler
from streamgauge_demo.bus import Bus, follow, ignore
from streamgauge_demo.catalogue import (
    HARVEST_EXECUTOR,
    INDICATORS,
    MODEL_REGISTRY,
    PREFIX,
    RISK_BRAKE,
    RL_TRAINER,
    STREAMS,
)
from streamgauge_demo.errors import DemoError
from streamgauge_demo.history import write_history
from streamgauge_demo.incidents import Incident
from streamgauge_demo.pace import Pace
from streamgauge_demo.tasks import together
from streamgauge_demo.world import World

MOST_HISTORY = max(stream.history for stream in STREAMS)

_PREPARE_SECONDS = 60.0

Actor = Callable[[World], Coroutine[None, None, None]]

ACTORS: tuple[Actor, ...] = (
    feeds.tick_feed,
    feeds.kline_feed,
    feeds.raw_feed,
    feeds.price_cache,
    feeds.hourly_archive,
    pipeline.normalizer,
    pipeline.signal_engine,
    pipeline.feature_store,
    pipeline.decision_engine,
    pipeline.intent_builder,
    pipeline.planner,
    pipeline.executor,
    pipeline.execution_audit,
    hybrids.harvest,
    hybrids.risk_watch,
    hybrids.reward_writer,
    hybrids.experiment,
    control.policy_refresh,
    control.policy_publisher,
    control.ai_engine,
    control.retrain_worker,
    reconciler.exchange_snapshots,
    reconciler.reconcile_engine,
    reconciler.apply_recon,
)

# Consumers whose work shows nowhere in Redis.
READ_ONLY = (
    ("market.klines", INDICATORS),
    ("harvest.intent", HARVEST_EXECUTOR),
    ("risk.events", RISK_BRAKE),
    ("rl_rewards", RL_TRAINER),
    ("learning.retraining.completed", MODEL_REGISTRY),
)


class System:
    """The actors on one Redis; an async context manager that closes its connections."""

    def __init__(
        self,
        redis_url: str,
        pace: Pace,
        *,
        can_block: bool = True,
        most_history: int = MOST_HISTORY,
    ) -> None:
        try:
            bus = Bus(redis_url, can_block=can_block)
        except ValueError as error:
            raise DemoError(f"--redis.url: {error}") from error
        self.world = World(bus, pace)
        self._most_history = most_history

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.world.bus.close()

    async def prepare(self) -> None:
        """Write the past; DemoError when the server cannot be used or is used by someone else."""
        try:
            async with asyncio.timeout(_PREPARE_SECONDS):
                await self._prepare()
        except TimeoutError as error:
            raise DemoError("that Redis does not answer") from error
        except (RedisError, OSError) as error:
            raise DemoError(f"cannot use that Redis: {error}") from error

    async def _prepare(self) -> None:
        if await self.world.bus.is_occupied():
            raise DemoError(
                f"that database already holds keys under {PREFIX}, of somebody else or of a demo "
                "that was killed; give it an empty one"
            )
        await write_history(self.world, self._most_history)

    async def run(self) -> None:
        """Run every actor forever; DemoError when Redis is lost."""
        world = self.world
        read_only = (follow(world.reader(*one), ignore) for one in READ_ONLY)
        await _on_redis(*(actor(world) for actor in ACTORS), *read_only)

    async def suffer(self, incidents: Iterable[Incident], say: Callable[[str], None]) -> None:
        """Let each incident begin, and end, at its time from now; DemoError as with `run`."""
        await _on_redis(*(self._suffer_one(incident, say) for incident in incidents))

    async def _suffer_one(self, incident: Incident, say: Callable[[str], None]) -> None:
        name = incident.kind.name
        await asyncio.sleep(incident.at_seconds)
        say(f"incident {name}: {incident.kind.sentence}")
        self.world.breakages.start(name)
        if name == "drift":
            reconciler.cause_drift(self.world)
        elif name in ("retrain-job", "retrain-unanswered"):
            await control.queue_retraining(self.world)
        if incident.duration_seconds is not None:
            await asyncio.sleep(incident.duration_seconds)
            self.world.breakages.repair(name)
            say(f"incident {name}: repaired")

    async def clear(self) -> None:
        """Delete every key the system wrote, and no other."""
        await self.world.bus.delete_written()


async def _on_redis(*coroutines: Coroutine[None, None, None]) -> None:
    try:
        await together(*coroutines)
    except (RedisError, OSError) as error:
        raise DemoError(f"the simulated system lost its Redis: {error}") from error
