"""Every incident, and what is none, while exporters, Prometheus or the configuration change."""

from __future__ import annotations

import shutil

from replay.actors import at, consume, produce, until
from replay.scenario import BLIND, LOSING, Page, Scenario, World
from replay.scenarios.common import BYSTANDERS, INCIDENTS, jobs
from replay.stage import Stage

ALL = INCIDENTS + BYSTANDERS


def trimmed_at(minute: float, seen: float) -> Scenario:
    """Entries that wait are trimmed once; the first look that can tell comes at `seen`."""
    return Scenario(
        "trimmed once, unseen",
        jobs("90m"),
        lambda: [
            produce(10),
            consume(active=until(12)),
            at(minute, lambda redis, stream: redis.xtrim(stream, maxlen=5, approximate=False)),
        ],
        (Page(LOSING, since=seen, until=seen, group="g"),),
    )


def restart(instance: str, *minutes: float, seconds: float = 60):
    """An exporter that is down for so long from each of these minutes on."""
    for minute in minutes:
        yield minute, lambda stage: stage.stop_exporter(instance)
        yield minute + seconds / 60, lambda stage: stage.start_exporter(instance)


def gap(start: float, end: float, *instances: str):
    """Nobody scrapes: Prometheus is away."""
    yield start, lambda stage: stage.unscraped.update(instances)
    yield end, lambda stage: stage.unscraped.difference_update(instances)


def rename_target(stage: Stage) -> None:
    """Another pod takes over, and the volume: the one target is gone, the other is there."""
    stage.stop_exporter("a")
    shutil.copy(stage.directory / "state-a.json", stage.directory / "state-b.json")
    stage.unscraped = {"a"}
    stage.start_exporter("b")


EXPORTER_RESTARTS = World("the exporter restarts", 75, ALL, events=(*restart("a", 15, 21, 33, 50),))
CRASH_LOOP = World(
    "the exporter is started again every three minutes",
    75,
    ALL,
    events=(*restart("a", *range(12, 60, 3), seconds=30),),
)
ONE_OF_A_PAIR = World(
    "one of a pair restarts",
    75,
    ALL,
    exporters=("a", "b"),
    events=(*restart("a", 18, 40, seconds=120), *restart("b", 22, 50, seconds=300)),
)
PROMETHEUS_AWAY = World(
    "Prometheus is away for two minutes",
    75,
    ALL,
    events=(*gap(14, 16, "a"), *gap(21, 23, "a"), *gap(40, 42, "a")),
)
LONG_GAP = World(
    "the exporter is away for six minutes and a half",
    75,
    (*ALL, trimmed_at(47, 51.5)),
    events=(*restart("a", 45, seconds=390),),
    pages=(Page(BLIND, since=45, until=51.5),),
)
NEW_POD = World(
    "another pod takes over",
    75,
    (*ALL, trimmed_at(45, 45)),
    exporters=("a", "b"),
    events=((0, lambda stage: stage.stop_exporter("b")), (45, rename_target)),
)

WORLDS = (EXPORTER_RESTARTS, CRASH_LOOP, ONE_OF_A_PAIR, PROMETHEUS_AWAY, LONG_GAP, NEW_POD)
