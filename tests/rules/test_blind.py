"""RedisStreamsMonitoringBlind on simulated systems: in time, once, and cleared."""

from collections.abc import Callable

import pytest

from rules.shipped import PAGING_RULES
from rules.simulator.actors import consumer, producer
from rules.simulator.case import BLIND, Case, minutes
from rules.simulator.corpus import batches, judge_all
from rules.simulator.scraping import Exporter
from rules.simulator.world import MINUTE, Stream
from streamgauge.policy import StreamClass, StreamPolicy
from support.peers import Peer

# The shortest of what plays histories: that the newest promtool is read rightly, every run shows.
pytestmark = pytest.mark.newest_too

SYSTEMS: dict[str, Callable[[Case], None]] = {}


def system(tell: Callable[[Case], None]) -> Callable[[Case], None]:
    SYSTEMS[tell.__name__.replace("_", " ")] = tell
    return tell


@system
def redis_that_is_away_through_a_failed_scrape_is_one_page(case):
    case.exporter.redis_down = minutes((10, 40))
    case.exporter.down = minutes((12.5, 13), (30, 30.5))
    case.expect(BLIND, since=10 * MINUTE, until=40 * MINUTE)


@system
def a_feed_that_may_not_be_read_through_a_failed_scrape_is_one_page(case):
    case.exporter.denied = {"feed": minutes((10, 40))}
    case.exporter.down = minutes((12.5, 13), (30, 30.5))
    case.expect(BLIND, since=10 * MINUTE, until=40 * MINUTE)


@system
def redis_that_answers_once_in_between_is_one_page(case):
    case.exporter.redis_down = minutes((10, 30), (30.5, 50))
    case.expect(BLIND, since=10 * MINUTE, until=50 * MINUTE)


@system
def redis_that_two_replicas_cannot_read_is_one_page(case):
    both = minutes((10, 40))
    case.exporters = [Exporter("a:1", redis_down=both), Exporter("b:1", offset=15, redis_down=both)]
    case.expect(BLIND, since=10 * MINUTE, until=40 * MINUTE)


@system
def a_feed_that_one_replica_may_not_read_is_no_page(case):
    denied = {"feed": minutes((10, 40))}
    case.exporters = [Exporter("a:1", denied=denied), Exporter("b:1", offset=15)]


@system
def a_redis_that_one_replica_cannot_reach_is_no_page(case):
    case.exporters = [Exporter("a:1", redis_down=minutes((10, 40))), Exporter("b:1", offset=15)]


@system
def a_replica_that_is_down_for_good_is_no_page(case):
    case.exporters = [Exporter("a:1", down=minutes((10, 999))), Exporter("b:1", offset=15)]


@system
def restarts_of_an_exporter_are_no_page(case):
    case.exporter.down = minutes((10, 12.5), (20, 21), (22, 23))


@system
def a_pod_that_takes_over_after_two_minutes_is_no_page(case):
    case.exporter.pods = [(0, "pod-a"), (20 * MINUTE, "pod-b")]
    case.exporter.gone = minutes((20, 22))
    case.exporter.restarts = [20 * MINUTE]


@system
def a_redis_that_fails_a_single_scrape_is_no_page(case):
    case.exporter.redis_down = minutes(*((start, start + 0.5) for start in range(10, 40, 2)))


@pytest.fixture(scope="module")
def verdicts(each_promtool: Peer):
    cases = {}
    for name, tell in SYSTEMS.items():
        case = cases[name] = Case(60)
        policy = StreamPolicy(StreamClass.CONTINUOUS, quiet_limit_seconds=60.0)
        feed = case.stream("feed", Stream(policy))
        case.act(producer(feed, 5), consumer(feed, "readers"))
        tell(case)
    return judge_all(batches(cases), PAGING_RULES, each_promtool)


@pytest.mark.parametrize("name", SYSTEMS)
def test_blind_on_a_simulated_system(name, verdicts):
    assert verdicts[name].problems == []
