"""The control plane's policies and retraining: hashes kept fresh, jobs worked on when they come."""

import itertools
import time
from asyncio import sleep

from streamgauge_demo.bus import Entry, follow
from streamgauge_demo.catalogue import (
    AI_ENGINE,
    HOUR,
    MINUTE,
    RETRAINING_WORKERS,
    SYMBOLS,
)
from streamgauge_demo.pace import every
from streamgauge_demo.world import World

POLICY_VERSION = "1.0.0-ai-v1"
POLICY_HASH = "policy:current"
POLICY_DEADLINE = "valid_until_epoch"
MODELS = ("ensemble", "lightgbm", "patchtst")
_REFRESH_SECONDS = 30 * MINUTE
_VALID_SECONDS = 2 * HOUR
_PUBLISH_SECONDS = 30.0
_TRAINING_SECONDS = 30.0
_SHORTEST_PUBLISH_SECONDS = 0.5
_SHORTEST_VALID_SECONDS = 4.0
_SHORTEST_TRAINING_SECONDS = 0.5


async def policy_refresh(world: World) -> None:
    """Extend how long the current policy is valid; a hash, so no stream ever shows it."""
    valid_seconds = world.pace.seconds(_VALID_SECONDS, floor=_SHORTEST_VALID_SECONDS)
    # A quarter of the validity keeps their proportion at any speed.
    async for _ in every(valid_seconds * _REFRESH_SECONDS / _VALID_SECONDS):
        now = time.time()
        await world.bus.write_hash(
            POLICY_HASH,
            {
                "policy_version": POLICY_VERSION,
                POLICY_DEADLINE: int(now + valid_seconds) + 1,
                "refreshed": int(now),
            },
        )


async def policy_publisher(world: World) -> None:
    """Publish one policy per symbol, again and again, into hashes and not into a stream."""
    iterations = itertools.count(1)
    async for _ in every(world.pace.seconds(_PUBLISH_SECONDS, floor=_SHORTEST_PUBLISH_SECONDS)):
        iteration = next(iterations)
        async with world.bus.client.pipeline(transaction=False) as batch:
            for symbol in SYMBOLS:
                batch.hset(
                    world.bus.owned(f"policy:{symbol}"),
                    mapping={
                        "action": world.chance.choice(("BUY", "HOLD", "SELL")),
                        "confidence": round(world.chance.uniform(0.5, 1.0), 3),
                        "iteration": iteration,
                    },
                )
            await batch.execute()


async def ai_engine(world: World) -> None:
    """Wait for a change of policy, which nothing in the system publishes."""

    async def handle(entries: list[Entry]) -> None:
        if entries:
            await world.bus.client.hgetall(world.bus.owned(POLICY_HASH))

    await follow(world.reader("policy.updated", AI_ENGINE), handle)


async def queue_retraining(world: World, model: str = MODELS[0]) -> None:
    """Queue one retraining job, as an operator would."""
    await world.bus.append(
        "model.retrain", {"job": f"job-{int(time.time())}", "model": model, "reason": "requested"}
    )


async def retrain_worker(world: World) -> None:
    """Work on retraining jobs when there are any; a model it does not know fails.

    While its incident is on, it takes jobs and begins none.
    """
    taken: list[Entry] = []

    async def handle(entries: list[Entry]) -> None:
        taken.extend(entries)
        while taken and not world.breakages.on("retrain-unanswered"):
            one = taken.pop(0)
            job = {"job": one.fields.get("job", one.id), "model": one.fields.get("model", "")}
            await world.bus.append("learning.retraining.started", job)
            await sleep(world.pace.seconds(_TRAINING_SECONDS, floor=_SHORTEST_TRAINING_SECONDS))
            if job["model"] in MODELS:
                await world.bus.append("learning.retraining.completed", job)
            else:
                await world.bus.append(
                    "learning.retraining.failed", {**job, "error": "unknown model"}
                )

    await follow(world.reader("model.retrain", RETRAINING_WORKERS), handle)
