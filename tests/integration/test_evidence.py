"""What was seen outranks what IDs and counters say: hours on real servers, by a moved clock."""

from collections.abc import Callable
from typing import Any

from support.metrics import Scrape
from support.servers import COUNTING

JOBS = {"match": "jobs", "class": "event", "lag_limit": "5m"}
FEED = {"match": "feed", "class": "continuous", "quiet_limit": "30s"}


def of(scrape: Scrape, what: str) -> float | None:
    """The value of a metric of the one stream, or of its one group; None where it is absent."""
    values = [*scrape[f"redis_stream_{what}"].values()]
    assert len(values) <= 1
    return values[0] if values else None


def test_feed_whose_ids_are_ten_minutes_old_is_as_young_as_its_last_entry(live: Callable) -> None:
    life = live(FEED)
    ages = []
    for _ in range(5):
        for _ in range(5):
            life.redis.xadd("feed", {"n": 1}, id=f"{int((life.clock.now() - 600) * 1000)}-1")
            life.clock.move(0.2)
        ages.append(of(life.after(0), "last_entry_age_seconds"))
    assert ages[0] == life.about(600)  # one look cannot tell
    assert max(ages[1:]) < 1
    assert of(life.after(3600), "last_entry_age_seconds") == life.about(3600)


def test_entries_whose_ids_are_unix_seconds_wait_as_long_as_they_were_seen_to(
    live: Callable,
) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    seen = []
    for _ in range(60):
        second = int(life.clock.now())
        for number in range(60):
            life.redis.xadd("jobs", {"n": 1}, id=f"{second}-{number}")
        life.read("jobs", 30)
        seen.append(life.after(30))
    # Half of what comes is read, so after half an hour the entries of a quarter of one wait.
    assert of(seen[-1], "group_lag_seconds") == life.about(900, 65)
    if life.server.name in COUNTING:
        assert of(seen[-1], "group_falling_behind_seconds") > 900
        assert of(seen[-1], "group_stalled_seconds") < 60


def test_declared_group_that_is_absent_is_told_and_one_that_is_optional_is_not(
    live: Callable,
) -> None:
    groups = [{"match": "engine", "lag_limit": "1m"}, {"match": "cron", "optional": True}]
    life = live(JOBS | {"groups": groups})
    life.redis.xgroup_create("jobs", "engine", id="0", mkstream=True)
    assert life.after(1)["redis_stream_group_exists"] == {("jobs", "event", "engine"): 1}
    life.redis.xgroup_destroy("jobs", "engine")
    assert life.after(1)["redis_stream_group_exists"] == {("jobs", "event", "engine"): 0}
    life.redis.flushall()
    assert life.after(1)["redis_stream_group_exists"] == {}  # its stream is missing, not the group
    life.add("jobs")
    assert life.after(1)["redis_stream_group_exists"] == {("jobs", "event", "engine"): 0}


def test_group_that_is_handed_nothing_stands_still_and_one_that_reads_does_not(
    live: Callable,
) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", 10)
    life.read("jobs", 5)
    life.after(0)
    stalled = [of(life.after(60), "group_stalled_seconds") for _ in range(10)]
    assert stalled == life.about([60 * n for n in range(1, 11)])
    life.read("jobs", 5)
    assert of(life.after(1), "group_stalled_seconds") == 0
    assert of(life.after(600), "group_stalled_seconds") == 0


def test_one_entry_every_eleven_minutes_is_not_reading(live: Callable) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", 10)
    life.read("jobs", 1)
    life.after(0)
    seen = []
    for _ in range(6):
        for _ in range(11):
            life.add("jobs", 20)
            life.after(60)
        life.read("jobs", 1)
        seen.append(of(life.after(0), "group_stalled_seconds"))
    if life.server.name in COUNTING:
        assert seen[0] == 0  # the first pause after it had read
        assert seen[-1] > 3000


def test_burst_that_drains_never_falls_behind_and_a_leak_does(live: Callable) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", 1000)
    life.after(0)
    drain = []
    for _ in range(60):
        life.read("jobs", 15)
        drain.append(of(life.after(60), "group_falling_behind_seconds") or 0)
    assert max(drain) < 900
    leak = []
    for _ in range(60):
        life.add("jobs", 100)
        life.read("jobs", 60)
        leak.append(of(life.after(60), "group_falling_behind_seconds") or 0)
    if life.server.name in COUNTING:
        assert leak[-1] > 900


def test_losses_are_counted_and_never_more_than_there_were(live: Callable) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    handed, rounds_with_a_gap, counts = 0, 0, []
    for _ in range(20):
        life.add("jobs", 600, maxlen=1000, approximate=False)
        handed += life.read("jobs", 300)
        scrape = life.after(30)
        begins = life.redis.xinfo_stream("jobs")["first-entry"][0]
        cursor = life.redis.xinfo_groups("jobs")[0]["last-delivered-id"]
        rounds_with_a_gap += _id(begins) > _id(cursor)
        counts.append(of(scrape, "group_entries_lost_total"))
    lost = 600 * 20 - handed - (of(scrape, "group_lag") or 0 if life.server.name in COUNTING else 0)
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert rounds_with_a_gap <= counts[-1] <= lost


def _id(text: Any) -> tuple[int, int]:
    word = text.decode() if isinstance(text, bytes) else text
    milliseconds, number = word.split("-")
    return int(milliseconds), int(number)


def test_nothing_is_lost_by_what_only_looks_like_a_loss(live: Callable) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", 1000)
    life.read("jobs", 400)
    life.after(30)
    lost = []

    def look() -> None:
        lost.append(of(life.after(30), "group_entries_lost_total"))

    copy = life.redis.dump("jobs")
    life.add("jobs", 500)
    look()
    life.redis.xgroup_setid("jobs", "g", "0")
    look()
    life.redis.xgroup_setid("jobs", "g", "$")
    look()
    life.redis.execute_command("XSETID", "jobs", f"{int(life.clock.now() * 1000) + 5}-0")
    look()
    life.redis.restore("jobs", 0, copy, replace=True)
    look()
    life.redis.xgroup_create("other", "g", id="0", mkstream=True)
    life.add("other", 5000, maxlen=100, approximate=False)
    life.redis.rename("other", "jobs")
    look()
    first = life.redis.xrange("jobs", count=10)
    life.read("jobs", 10)
    life.redis.xack("jobs", "g", *[entry_id for entry_id, _ in first])
    life.redis.xdel("jobs", *[entry_id for entry_id, _ in first])
    look()
    assert lost == [0] * 7


def test_cursor_ahead_of_the_stream_lets_what_comes_wait(live: Callable) -> None:
    life = live(JOBS)
    life.add("jobs", 10)
    life.redis.xgroup_create("jobs", "g", id=f"{int(life.clock.now() * 1e9)}-0")
    assert of(life.after(0), "group_lag_seconds") == 0
    life.add("jobs", 500)
    life.after(0)
    scrape = life.after(600)
    assert of(scrape, "group_stalled_seconds") == life.about(600)
    if life.server.name in COUNTING:
        assert of(scrape, "group_lag") == 500


def test_nothing_behind_the_cursor_is_no_lag(live: Callable) -> None:
    life = live(JOBS)
    life.add("jobs", 10)
    last = life.redis.xadd("jobs", {"n": 1})
    life.redis.xgroup_create("jobs", "g", id="0")
    life.read("jobs", 10)
    life.redis.xdel("jobs", last)
    scrape = life.after(60)
    assert (of(scrape, "group_lag"), of(scrape, "group_lag_seconds")) == (0, 0)


def test_entry_that_is_never_acknowledged_has_been_in_somebodys_hands_for_so_long(
    live: Callable,
) -> None:
    life = live(JOBS | {"groups": [{"match": "g", "ack_limit": "10m"}]})
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", 10)
    life.clock.move(100)
    life.read("jobs", 10)
    life.after(0)
    scrape = life.after(7200)
    assert of(scrape, "group_unacknowledged_seconds") == life.about(7200)
    assert of(scrape, "group_oldest_pending_age_seconds") == life.about(7300)
    assert of(scrape, "group_ack_limit_seconds") == 600


def test_retention_is_told_once_the_stream_was_seen_to_be_trimmed(live: Callable) -> None:
    life = live(JOBS)
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    for _ in range(3):
        life.add("jobs", 50, maxlen=100, approximate=False)
        life.read("jobs", 40)
        scrape = life.after(30)
    if life.server.name in COUNTING:
        lag = of(scrape, "group_lag")
        assert of(scrape, "group_retention_used_ratio") == (None if lag is None else lag / 100)


def test_after_an_outage_waiting_counts_five_minutes_later(live: Callable) -> None:
    life = live(JOBS, timeout="2s")
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs")
    life.after(10)
    life.server.pause()
    try:
        life.clock.move(1200)
        assert life.exporter.scrape().value("redis_up") == 0
    finally:
        life.server.resume()
    stalled = [of(life.after(60), "group_stalled_seconds") for _ in range(12)]
    assert stalled == life.about([0] * 6 + [60 * n for n in range(1, 7)])
