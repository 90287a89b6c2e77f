"""What was learned survives a restart of the exporter, of Redis, and a while without Redis."""

import json
import math
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from support.metrics import Scrape
from support.moved_clock import Life
from support.servers import RealServer

JOBS = {"match": "jobs", "class": "event", "lag_limit": "5m"}
FEED = {"match": "feed*", "class": "continuous", "quiet_limit": "30s"}


@pytest.fixture
def keeping(live: Callable, tmp_path: Path) -> Callable:
    """Starts lives whose exporters have a state file."""
    return partial(live, state_file=str(tmp_path / "state.json"))


def of(scrape: Scrape, what: str) -> float | None:
    """The value of a metric of the one stream, or of its one group; None where it is absent."""
    values = [*scrape[f"redis_stream_{what}"].values()]
    assert len(values) <= 1
    return values[0] if values else None


def make_jobs(life: Life, count: int) -> None:
    life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
    life.add("jobs", count)


def test_group_that_stands_still_goes_on_standing_after_a_restart(keeping: Callable) -> None:
    life = keeping(JOBS)
    make_jobs(life, 10)
    life.read("jobs", 5)
    life.after(0)
    for _ in range(3):
        before = of(life.after(60), "group_stalled_seconds")
    life.restart_exporter()
    assert of(life.after(60), "group_stalled_seconds") == life.about(before + 60, 30)


def test_where_a_declared_group_stood_is_known_after_it_is_gone_and_after_a_restart(
    keeping: Callable,
) -> None:
    life = keeping(JOBS | {"groups": [{"match": "g", "lag_limit": "5m"}]})
    make_jobs(life, 10)
    life.read("jobs", 5)
    life.after(0)
    at = life.redis.xinfo_groups("jobs")[0]["last-delivered-id"]
    life.redis.xgroup_destroy("jobs", "g")
    life.after(60)
    life.restart_exporter()
    life.after(60)
    page = life.exporter.get("/stream?redis=main&db=db0&stream=jobs&group=g").text
    assert f"XGROUP CREATE jobs g {at}" in page
    life.redis.xgroup_create("jobs", "g", at)
    assert of(life.after(60), "group_lag") == 5
    assert of(life.after(0), "group_entries_lost_total") == 0


def test_group_that_falls_behind_goes_on_falling_after_a_restart(keeping: Callable) -> None:
    life = keeping(JOBS)
    make_jobs(life, 0)

    def leak(rounds: int) -> float | None:
        for _ in range(rounds):
            life.add("jobs", 100)
            life.read("jobs", 60)
            falling = of(life.after(60), "group_falling_behind_seconds")
        return falling

    before = leak(40)
    life.restart_exporter()
    assert before is not None
    assert leak(1) >= before > 900


def test_losses_are_still_counted_after_the_end_of_an_exporter_that_had_no_time(
    keeping: Callable,
) -> None:
    life = keeping(JOBS)
    make_jobs(life, 100)
    life.after(0)
    life.add("jobs", 500, maxlen=100, approximate=False)
    before = of(life.after(30), "group_entries_lost_total")
    life.exporter.send(signal.SIGKILL)
    life.restart_exporter()
    assert of(life.after(30), "group_entries_lost_total") == before > 0


def test_cursor_ahead_is_still_ahead_after_a_restart(keeping: Callable) -> None:
    life = keeping(JOBS)
    life.add("jobs", 10)
    life.redis.xgroup_create("jobs", "g", id=f"{int(life.clock.now() * 1e9)}-0")
    life.after(0)
    life.add("jobs", 500)
    life.after(60)
    life.restart_exporter()
    scrape = life.after(60)
    assert of(scrape, "group_lag_seconds") == life.about(120, 30)
    assert of(scrape, "group_stalled_seconds") == life.about(120, 30)


def test_continuous_stream_that_has_gone_is_missing_after_a_restart(keeping: Callable) -> None:
    life = keeping(FEED, timeout="2s", discovery={"match": ["feed*"], "interval": "1s"})
    life.add("feed:a", 5)
    life.exporter.scrape_until(
        lambda scrape: scrape["redis_stream_exists"] == {("feed:a", "continuous"): 1}, "it is found"
    )
    life.redis.delete("feed:a")
    life.restart_exporter()
    assert life.after(1)["redis_stream_exists"] == {("feed:a", "continuous"): 0}


def test_without_a_state_file_the_first_look_says_what_one_look_can_tell(live: Callable) -> None:
    life = live(JOBS)
    make_jobs(life, 10)
    life.read("jobs", 5)
    for _ in range(10):
        life.after(60)
    life.restart_exporter()
    # The consumer was handed nothing for ten minutes, and an entry waits for longer.
    assert of(life.after(0), "group_stalled_seconds") == life.about(600, 30)
    assert of(life.after(0), "group_falling_behind_seconds") == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no JSON", "is not JSON"),
        (b'{"version": 7, "redis": {}}', "is not a state of version 1"),
        (b"[]", "is not a state of version 1"),
        (b'{"version": 1, "redis": {"main": {"streams": 7}}}', "another form"),
    ],
)
def test_state_file_that_cannot_be_used_is_a_warning(
    redis8: RealServer, tmp_path: Path, exporter: Callable, content: bytes, problem: str
) -> None:
    state = tmp_path / "state.json"
    state.write_bytes(content)
    config = {"redis": {"name": "main", "url": redis8.url}, "state_file": str(state)}
    process = exporter(config=config)
    assert process.scrape()["redis_up"] == {(): 1}
    assert problem in process.log()
    process.stop()
    assert json.loads(state.read_bytes())["version"] == 1
    kept = state.with_name("state.json.unusable")
    assert not kept.exists() or kept.read_bytes() == content
    assert kept.exists() == ("another form" not in problem)


def test_state_file_that_cannot_be_written_is_one_warning(
    redis8: RealServer, tmp_path: Path, exporter: Callable
) -> None:
    state = tmp_path / "nowhere" / "state.json"
    config = {"redis": {"name": "main", "url": redis8.url}, "state_file": str(state)}
    process = exporter(config=config)
    assert process.scrape()["redis_up"] == {(): 1}
    assert process.stop() == 0
    assert process.log().count("cannot be written") == 1


def test_feed_that_was_in_time_has_one_limit_and_three_minutes_after_an_outage(
    keeping: Callable,
) -> None:
    life = keeping(FEED, timeout="2s", discovery={"match": ["feed*"], "interval": "1s"})
    life.add("feed:a")
    life.exporter.scrape_until(lambda scrape: scrape["redis_stream_exists"], "it is found")
    assert of(life.after(5), "quiet_limit_seconds") == 30
    life.server.pause()
    assert life.after(5)["redis_up"] == {(): 0}
    life.server.resume()
    assert of(life.after(5), "quiet_limit_seconds") == math.inf
    life.server.pause()
    life.after(100)
    life.server.resume()
    assert of(life.after(60), "quiet_limit_seconds") == math.inf
    # The first outage's three minutes are over; the second began while they ran.
    assert of(life.after(30), "quiet_limit_seconds") == 30


def test_feed_that_was_quiet_already_has_no_time_more_after_an_outage(keeping: Callable) -> None:
    life = keeping(FEED, timeout="2s", discovery={"match": ["feed*"], "interval": "1s"})
    life.add("feed:a")
    life.exporter.scrape_until(lambda scrape: scrape["redis_stream_exists"], "it is found")
    life.after(60)
    life.server.pause()
    assert life.after(5)["redis_up"] == {(): 0}
    life.server.resume()
    assert of(life.after(5), "quiet_limit_seconds") == 30
