"""Groups that vanish, consumers that died, entries that nobody owns, and few entries that wait."""

from collections.abc import Callable

from support.metrics import Scrape
from support.servers import COUNTING

JOBS = {"match": "jobs", "class": "event", "lag_limit": "5m"}
KNOWS_XNACK = {"redis-8.10"}
DAY = 86_400


def of(scrape: Scrape, what: str) -> float | None:
    """The value of a metric of the one group; None where it is absent."""
    values = [*scrape[f"redis_stream_group_{what}"].values()]
    assert len(values) <= 1
    return values[0] if values else None


def vanished(scrape: Scrape) -> dict[str, float]:
    return {
        key[0]: value for key, value in scrape.by("streamgauge_groups_vanished", "class").items()
    }


def test_group_that_nobody_declared_and_that_is_destroyed_is_counted_for_a_day(
    live: Callable,
) -> None:
    declared = [{"match": "engine"}, {"match": "free", "lag_limit": "none"}]
    life = live(JOBS | {"groups": declared})
    for group in ("engine", "free", "g"):
        life.redis.xgroup_create("jobs", group, id="0", mkstream=True)
    assert vanished(life.after(1))["event"] == 0
    for group in ("engine", "free", "g"):
        life.redis.xgroup_destroy("jobs", group)
    assert vanished(life.after(1)) == {
        "continuous": 0, "hybrid": 0, "event": 1, "unclassified": 0,
    }  # fmt: skip
    life.redis.xgroup_create("jobs", "g", id="0")
    assert vanished(life.after(1))["event"] == 0
    life.redis.xgroup_destroy("jobs", "g")
    assert vanished(life.after(DAY / 2))["event"] == 1
    assert vanished(life.after(DAY))["event"] == 0


def test_group_that_goes_with_its_stream_has_not_vanished(live: Callable) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.after(1)
    life.redis.delete("jobs")
    assert vanished(life.after(1))["event"] == 0


def test_workers_that_wait_two_days_for_a_job_are_not_dead(live: Callable) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", 3)
    for number in range(3):
        life.read("jobs", 1, consumer=f"worker-{number}")
    for _ in range(4):
        scrape = life.after(DAY / 2)
        assert of(scrape, "consumers_dead") == (0 if life.server.name in COUNTING else None)


def test_consumer_that_is_handed_nothing_while_others_are_is_dead_after_a_day(
    live: Callable,
) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", 2)
    life.read("jobs", 1, consumer="gone")
    life.read("jobs", 1, consumer="there")
    life.after(60)
    dead = []
    for _ in range(26):
        life.add("jobs", 1)
        life.read("jobs", 1, consumer="there")
        dead.append(of(life.after(3600), "consumers_dead"))
    if life.server.name in COUNTING:
        assert dead == [0] * 23 + [1] * 3
    else:
        assert dead == [None] * 26


def test_dead_are_known_of_a_group_with_more_consumers_than_are_exported(live: Callable) -> None:
    life = live(JOBS, discovery={"match": [], "max_consumers": 2})
    for group in ("a", "b"):
        life.redis.xgroup_create("jobs", group, id="0", mkstream=True)
    life.add("jobs", 60)
    for group in ("a", "b"):
        for name in ("one", "two", "three"):
            life.read("jobs", 1, group=group, consumer=name)
    life.after(60)
    for _ in range(4):
        for group in ("a", "b"):
            life.read("jobs", 10, group=group, consumer="one")
        scrape = life.after(DAY / 3)
    for _ in range(3):  # one large group is looked at in a scrape
        scrape = life.after(1)
    found = scrape.by("redis_stream_group_consumers_dead", "group")
    assert found == ({("a",): 2, ("b",): 2} if life.server.name in COUNTING else {})
    assert scrape["redis_stream_group_consumer_idle_seconds"] == {}


def test_entries_that_were_released_are_counted_where_the_server_knows_that(
    live: Callable,
) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", 3)
    life.read("jobs", 3)
    if life.server.name not in KNOWS_XNACK:
        assert of(life.after(1), "messages_nacked") is None
        return
    assert of(life.after(1), "messages_nacked") == 0
    first = life.redis.xrange("jobs")[0][0]
    life.redis.execute_command("XNACK", "jobs", "g", "FAIL", "IDS", 1, first)
    life.after(1)  # the difference could be what happened while it was read
    assert of(life.after(1), "messages_nacked") == 1
    life.redis.xclaim("jobs", "g", "c", 0, [first])
    assert of(life.after(1), "messages_nacked") == 0


def test_up_to_ten_entries_that_wait_are_counted_where_the_server_does_not(
    live: Callable,
) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", 30)
    life.read("jobs", 10)
    life.redis.xdel("jobs", life.redis.xrevrange("jobs", count=3)[-1][0])
    waits = {}
    for _ in range(4):
        scrape = life.after(1)
        cursor = life.redis.xinfo_groups("jobs")[0]["last-delivered-id"]
        left = len(life.redis.xrange("jobs", min=f"({cursor}"))
        waits[left] = of(scrape, "lag")
        life.read("jobs", 5)
    assert waits == {19: None, 14: None, 9: 9, 4: 4}


def test_leak_is_seen_where_the_server_does_not_count(live: Callable) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    for _ in range(60):
        life.add("jobs", 100)
        life.read("jobs", 60)
        falling = of(life.after(60), "falling_behind_seconds")
    assert falling is not None
    assert falling > 900
