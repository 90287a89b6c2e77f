"""A fleet of shards, each a target with a label `shard`, pages for what one exporter pages for."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rules.scenarios import SCENARIOS
from rules.shipped import PAGING_RULES
from rules.simulator.actors import consumer, except_between, producer
from rules.simulator.case import BLIND, QUIET, Case, Page, minutes
from rules.simulator.corpus import batches, judge_all
from rules.simulator.scraping import Exporter
from rules.simulator.world import MINUTE, Stream
from streamgauge.policy import StreamClass, StreamPolicy
from streamgauge.shard import WHOLE, Shard
from support.peers import Peer

SERVING = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
TOTAL = 3


@dataclass
class ShardExporter(Exporter):
    """An exporter that has only its own streams, scraped with a target label for its number."""

    shard: Shard = WHOLE

    def target_labels(self, now: float) -> dict[str, str]:
        return super().target_labels(now) | {"shard": str(self.shard.number)}

    def _seen(self, world, now):
        return {
            name: stream
            for name, stream in super()._seen(world, now).items()
            if self.shard.has(name.encode())
        }


def fleet(like: Exporter | None = None) -> list[Exporter]:
    """Three shards to which happens what happens to one exporter."""
    settings = copy.deepcopy({} if like is None else vars(like))
    settings = {name: value for name, value in settings.items() if not name.startswith("_")}
    return [
        ShardExporter(**settings | {"instance": f"{n}:1", "shard": Shard(n, TOTAL)})
        for n in range(1, TOTAL + 1)
    ]


def home_of(stream: str) -> int:
    """The position of the shard that has a stream, among those of a fleet."""
    return next(n for n in range(TOTAL) if Shard(n + 1, TOTAL).has(stream.encode()))


def sharded_scenarios() -> dict[str, Case]:
    """The named scenarios about streams that have one exporter, each watched by a fleet instead."""
    cases = {}
    for name, build in SCENARIOS.items():
        case = build()
        is_blind = any(page.alert == BLIND for page in case.pages)
        if not is_blind and len(case.exporters) == 1 and not case.exporter.pods:
            case.exporters = fleet(case.exporter)
            cases[name] = case
    return cases


@pytest.fixture(scope="module")
def scenario_verdicts(each_promtool: Peer):
    return judge_all(batches(sharded_scenarios()), PAGING_RULES, each_promtool)


@pytest.mark.nightly
def test_what_one_exporter_pages_for_a_fleet_pages_for(scenario_verdicts):
    assert len(scenario_verdicts) > 100
    problems = {name: one.problems for name, one in scenario_verdicts.items() if one.problems}
    assert problems == {}


SYSTEMS: dict[str, Callable[[Case], None]] = {}
FOR_EVERY_SHARD: dict[str, Callable[[Case], None]] = {}
FEEDS = ("feed:1", "feed:2", "feed:3", "feed:4")
AWAY = minutes((10, 40))
BLIND_WHILE_AWAY = Page(BLIND, since=10 * MINUTE, until=40 * MINUTE)


def among(systems: dict) -> Callable:
    def register(tell: Callable[[Case], None]) -> Callable[[Case], None]:
        systems[tell.__name__.replace("_", " ")] = tell
        return tell

    return register


@among(SYSTEMS)
def a_feed_of_each_shard_that_goes_quiet_pages_once(case):
    policy = case.world.streams["feed:1"].policy
    homes = {}
    for number in range(10):
        homes.setdefault(home_of(name := f"quiet:{number}"), name)
    assert len(homes) == TOTAL
    for name in homes.values():
        feed = case.stream(name, Stream(policy))
        case.act(producer(feed, 5, except_between(*minutes((20, 40)))))
        case.expect(QUIET, name, since=20 * MINUTE - 5, until=40 * MINUTE, limit=MINUTE)


@among(SYSTEMS)
def a_shard_that_is_down_pages_blind(case):
    case.exporters[1].down = AWAY
    case.pages.append(BLIND_WHILE_AWAY)


@among(SYSTEMS)
def a_shard_that_cannot_reach_redis_pages_blind(case):
    case.exporters[1].redis_down = AWAY
    case.pages.append(BLIND_WHILE_AWAY)


@among(SYSTEMS)
def a_feed_that_its_shard_may_not_read_pages_blind(case):
    case.exporters[home_of("feed:1")].denied = {"feed:1": AWAY}
    case.pages.append(BLIND_WHILE_AWAY)


@among(SYSTEMS)
def a_fleet_whose_targets_are_gone_pages_blind(case):
    for exporter in case.exporters:
        exporter.gone = AWAY
    case.pages.append(BLIND_WHILE_AWAY)


@among(SYSTEMS)
def a_replica_of_one_shard_that_is_down_pages_nobody(case):
    shard = case.exporters[1].shard
    case.exporters.append(ShardExporter("2b:1", offset=15, down=AWAY, shard=shard))


@among(SYSTEMS)
def restarts_of_all_shards_page_nobody(case):
    for exporter in case.exporters:
        exporter.down = minutes((10, 11), (30, 31.5))


@among(FOR_EVERY_SHARD)
def a_fleet_that_is_down(case):
    for exporter in case.exporters:
        exporter.down = AWAY


@among(FOR_EVERY_SHARD)
def redis_that_is_away(case):
    for exporter in case.exporters:
        exporter.redis_down = AWAY


def told(tell: Callable[[Case], None]) -> Case:
    """A fleet that watches four feeds that flow, and what is told of it."""
    case = Case(60)
    policy = StreamPolicy(StreamClass.CONTINUOUS, quiet_limit_seconds=MINUTE)
    for name in FEEDS:
        feed = case.stream(name, Stream(policy))
        case.act(producer(feed, 5), consumer(feed, "readers"))
    case.exporters = fleet()
    tell(case)
    return case


@pytest.fixture(scope="module")
def verdicts(each_promtool: Peer):
    cases = {name: told(tell) for name, tell in SYSTEMS.items()}
    return judge_all(batches(cases), PAGING_RULES, each_promtool)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_fleet_pages_once_for_what_happens_to_a_part_of_it(name, verdicts):
    assert verdicts[name].problems == []


@pytest.mark.parametrize("name", FOR_EVERY_SHARD)
def test_a_fleet_pages_for_every_shard_when_all_of_them_are_blind(name, each_promtool):
    (batch,) = batches({name: told(FOR_EVERY_SHARD[name])})
    fired = batch.firings(PAGING_RULES, each_promtool)[name]
    assert len(fired) == TOTAL
    for firing in fired:
        assert firing.alert.startswith(BLIND)
        assert list(BLIND_WHILE_AWAY.problems(firing, 60 * MINUTE)) == []


def test_the_rule_that_is_shown_notices_a_shard_that_was_never_there(tmp_path, each_promtool):
    (shown,) = re.findall(r"```yaml\n(groups:.*?)```", SERVING, re.DOTALL)
    rules = tmp_path / "shards.rules.yml"
    rules.write_text(shown)
    whole, part = told(lambda _: None), told(lambda case: case.exporters.pop())
    gone = told(lambda case: setattr(case.exporters[1], "gone", AWAY))
    files = [*PAGING_RULES, rules]
    fired = {
        name: [firing.alert for firing in batch.firings(files, each_promtool)[name]]
        for name, case in {"whole": whole, "part": part, "gone": gone}.items()
        for batch in batches({name: case})
    }
    missing = ["RedisStreamsShardMissing"]
    assert fired == {"whole": [], "part": missing, "gone": missing}
