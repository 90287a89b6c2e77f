"""Redis away, restarted or failed over: only blindness pages, and afterwards what is wrong then."""

from __future__ import annotations

from replay.actors import burst, but, consume, produce, until
from replay.scenario import BLIND, MISSING, QUIET, STALLED, Page, Scenario, World
from replay.scenarios.common import feed, jobs, trimmed
from replay.stage import Stage

SNAPSHOT = ("--repl-timeout", "1000000", "--repl-diskless-sync-delay", "0")


def life_around(away: float, back: float) -> tuple[Scenario, ...]:
    """What lives through an outage, and comes back up to four minutes after it."""
    return (
        Scenario("a feed", feed("1m"), lambda: [produce(10, but((away, back))), consume()]),
        Scenario(
            "a feed that is back three minutes later",
            feed("1m"),
            lambda: [produce(10, but((away, back + 3))), consume()],
        ),
        Scenario(
            "a feed of five minutes that is back four minutes later",
            feed("5m"),
            lambda: [produce(10, but((away, back + 4))), consume()],
        ),
        Scenario(
            "consumers that are back four minutes later",
            jobs("5m"),
            lambda: [
                produce(2, but((away, back))),
                consume(per_second=2, active=but((away, back + 4))),
            ],
        ),
        Scenario(
            "consumers that catch up for twenty minutes",
            jobs("5m"),
            lambda: [produce(1), consume(per_second=2.5, active=but((away, back)))],
        ),
        Scenario("silent events", jobs(), lambda: [burst(5, 10), consume()]),
        Scenario(
            "a trimmed feed that is read",
            feed("1m"),
            lambda: [produce(1, but((away, back)), **trimmed(200)), consume()],
        ),
        Scenario(
            "a feed that stops after the outage",
            feed("1m"),
            lambda: [produce(10, until(back + 10))],
            (Page(QUIET, since=back + 10, limit=1),),
        ),
        Scenario(
            "a consumer that dies after the outage",
            jobs("5m"),
            lambda: [produce(10), consume(active=until(back + 10))],
            (Page(STALLED, since=back + 10, limit=5, group="g"),),
        ),
        Scenario(
            "a feed that never comes back",
            feed("1m"),
            lambda: [produce(10, until(away))],
            (Page(QUIET, since=back, limit=3),),
        ),
    )


def save_and_stop(stage: Stage) -> None:
    with stage.server.client() as client:
        client.save()
    stage.server.stop()


def kill(stage: Stage) -> None:
    stage.server.kill()


def start(stage: Stage) -> None:
    stage.server.start()


LINK_LOST = World(
    "the way to Redis is lost for twenty minutes",
    90,
    life_around(30, 50),
    events=((30, Stage.lose_redis), (50, Stage.find_redis)),
    pages=(Page(BLIND, since=30, until=50),),
)
SHORT_OUTAGE = World(
    "Redis restarts from a snapshot in a minute",
    75,
    life_around(30, 31),
    events=((30, save_and_stop), (31, start)),
)
SAVED = World(
    "Redis is down for half an hour",
    100,
    life_around(30, 60),
    events=((30, save_and_stop), (60, start)),
    pages=(Page(BLIND, since=30, until=60),),
)
APPENDED = World(
    "Redis crashes and restarts from its log",
    75,
    life_around(30, 33.5),
    events=((30, kill), (33.5, start)),
    pages=(Page(BLIND, since=30, until=33.5),),
    options=("--appendonly", "yes", "--appendfsync", "always"),
)
FAILOVER = World(
    "a failover to a replica that is behind",
    75,
    life_around(30, 30.5),
    events=((20, Stage.add_replica), (29.5, Stage.part_replica), (30, Stage.fail_over)),
    options=SNAPSHOT,
)
EMPTIED = World(
    "Redis restarts empty",
    60,
    (
        Scenario("a feed that is written again", feed("1m"), lambda: [produce(10), consume()]),
        Scenario(
            "a feed that is not",
            feed("5m"),
            lambda: [produce(10, until(20))],
            (Page(MISSING, since=21, by=30),),
        ),
        Scenario("events that have no entry yet", jobs(), lambda: [burst(5, 5), consume()]),
        Scenario(
            "a backlog that is gone with it",
            jobs(),
            lambda: [burst(17, 500), consume(active=until(16))],
        ),
    ),
    events=((20, kill), (21, start)),
)

WORLDS = (LINK_LOST, SHORT_OUTAGE, SAVED, APPENDED, FAILOVER, EMPTIED)
