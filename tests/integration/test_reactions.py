"""A stream that must answer to another one: every case on real servers, by a moved clock."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from support.metrics import Scrape
from support.moved_clock import Life
from support.reports import config, report

ASK, ANSWER = "retrain", "retrain.started"
STREAMS = ({"match": ASK, "class": "event"}, {"match": ANSWER, "class": "event"})
PAIR = {"after": ASK, "expect": ANSWER, "within": "10m"}
SLACK = 0.1  # an ID is a whole millisecond, and a server caches its clock


class Moment(NamedTuple):
    """Between which two times, on the moved clock, something happened."""

    earliest: float
    latest: float


class Look(NamedTuple):
    """How long the pair had waited when it was looked at; None where that is absent."""

    wait: float | None
    at: Moment

    def since(self, moment: Moment) -> bool:
        """Whether it had waited since then; a busy machine only makes the bounds wider."""
        least, most = self.at.earliest - moment.latest, self.at.latest - moment.earliest
        assert self.wait is not None
        assert least - SLACK <= self.wait <= most + SLACK
        return True


class Watch:
    """The pair of streams and who looks at it: one exporter, or before every look a new one."""

    def __init__(self, life: Life, *, restarts: bool = False) -> None:
        self.life, self.redis, self._restarts = life, life.redis, restarts

    def add(self, stream: str, entry_id: str = "*") -> Moment:
        before = self.life.clock.now()
        self.redis.xadd(stream, {"n": 1}, id=entry_id)
        return Moment(before, self.life.clock.now())

    def add_of(self, stream: str, seconds_ago: float) -> Moment:
        """Add an entry whose ID is a time so long ago."""
        moment = self.life.clock.now() - seconds_ago
        self.add(stream, f"{int(moment * 1000)}-0")
        return Moment(moment, moment)

    def look(self, after: float = 0) -> Look:
        self.life.clock.move(after)
        before = self.life.clock.now()
        if self._restarts:
            self.life.restart_exporter()
        scrape = self.life.exporter.scrape()
        return Look(_wait(scrape), Moment(before, self.life.clock.now()))


def _wait(scrape: Scrape) -> float | None:
    found = scrape["redis_stream_reaction_wait_seconds"]
    assert len(found) <= 1
    return next(iter(found.values()), None)


@pytest.fixture
def pair(live: Callable, tmp_path: Path) -> Callable:
    """Starts a life with the pair of streams, whose exporter has a state file."""
    return partial(live, *STREAMS, reactions=[PAIR], state_file=str(tmp_path / "state.json"))


@pytest.fixture(params=[False, True], ids=["one exporter", "restarted before every look"])
def watch(request: pytest.FixtureRequest, pair: Callable) -> Watch:
    """A pair of streams that was looked at once."""
    watch = Watch(pair(), restarts=request.param)
    watch.look()
    return watch


def test_missing_streams_wait_for_nothing_and_have_a_limit(pair: Callable) -> None:
    life = pair()
    scrape = life.after(3600)
    labels = (ANSWER, "event", ASK)
    assert scrape["redis_stream_reaction_wait_seconds"] == {labels: 0}
    assert scrape["redis_stream_reaction_limit_seconds"] == {labels: 600}
    assert scrape["redis_stream_exists"] == {(ASK, "event"): 0, (ANSWER, "event"): 0}


def test_trigger_waits_until_it_is_answered(watch: Watch) -> None:
    asked = watch.add(ASK)
    assert watch.look().since(asked)
    assert watch.look(900).since(asked)
    watch.add(ANSWER)
    assert watch.look(60).wait == 0
    assert watch.look(7200).wait == 0


def test_one_answer_answers_every_trigger_before_it(watch: Watch) -> None:
    oldest = watch.add(ASK)
    for _ in range(2):
        assert watch.look(300).since(oldest)
        watch.add(ASK)
    watch.add(ANSWER)
    assert watch.look(60).wait == 0


def test_triggers_between_two_looks_wait_as_long_as_the_first_of_them(watch: Watch) -> None:
    oldest = watch.add(ASK)
    for _ in range(2):
        watch.life.clock.move(1000)
        watch.add(ASK)
    assert watch.look(10).since(oldest)


def test_several_answers_are_as_good_as_one(watch: Watch) -> None:
    watch.add(ASK)
    for _ in range(3):
        watch.add(ANSWER)
    assert watch.look(60).wait == 0
    watch.add(ANSWER)
    assert watch.look(600).wait == 0


def test_answer_before_its_trigger_answers_nothing(watch: Watch) -> None:
    watch.add(ANSWER)
    watch.life.clock.move(5)  # between the same two looks
    asked = watch.add(ASK)
    assert watch.look(600).since(asked)
    watch.add(ANSWER)
    watch.life.clock.move(5)
    asked = watch.add(ASK)
    watch.life.clock.move(100)
    watch.add(ASK)
    assert watch.look(600).since(asked)  # the oldest after the answer, not the oldest of all


def test_trimmed_and_emptied_streams_are_still_known_by_their_last_ids(watch: Watch) -> None:
    asked = watch.add(ASK)
    watch.look(60)
    watch.redis.xtrim(ASK, maxlen=0)
    assert watch.look(600).since(asked)
    watch.add(ANSWER)
    watch.redis.xtrim(ANSWER, maxlen=0)
    assert watch.look(60).wait == 0


def test_trigger_that_was_removed_before_anybody_looked_waits(watch: Watch) -> None:
    asked = watch.add(ASK)
    watch.redis.xtrim(ASK, maxlen=0)
    assert watch.look(600).since(asked)


def test_trigger_waits_on_when_its_stream_is_deleted_and_made_anew(watch: Watch) -> None:
    asked = watch.add(ASK)
    watch.look(60)
    watch.redis.delete(ASK)
    assert watch.look(300).since(asked)
    watch.add(ASK)
    assert watch.look(300).since(asked)
    watch.add(ANSWER)
    assert watch.look(60).wait == 0
    asked = watch.add(ASK)
    assert watch.look(60).since(asked)


def test_answered_is_answered_when_the_answer_is_deleted_and_made_anew(watch: Watch) -> None:
    watch.add(ASK)
    watch.add(ANSWER)
    assert watch.look(60).wait == 0
    watch.redis.delete(ANSWER)
    assert watch.look(600).wait == 0
    watch.redis.xgroup_create(ANSWER, "g", id="0", mkstream=True)
    asked = watch.add(ASK)
    assert watch.look(600).since(asked)  # an empty stream is no answer
    watch.redis.delete(ANSWER)
    watch.add(ANSWER)
    assert watch.look(60).wait == 0


def test_ids_that_are_no_times_count_from_when_they_were_seen(watch: Watch) -> None:
    watch.add(ASK, "5-1")
    seen = watch.look(100).at
    assert watch.look(600).since(seen)
    watch.add(ANSWER, "7-1")
    assert watch.look(60).wait == 0
    watch.redis.delete(ASK, ANSWER)
    assert watch.look(60).wait == 0
    watch.add(ASK, "5-1")  # the same ID once more
    seen = watch.look(60).at
    assert watch.look(600).since(seen)
    watch.add(ANSWER, "2-1")
    assert watch.look(60).wait == 0


def test_order_that_no_id_tells_counts_as_answered(watch: Watch) -> None:
    watch.add(ANSWER, "7-1")
    watch.add(ASK, "5-1")
    assert watch.look(60).wait == 0


def test_event_times_in_ids_are_outranked_by_what_was_seen(watch: Watch) -> None:
    watch.add_of(ASK, 7200)
    seen = watch.look(60).at
    assert watch.look(600).since(seen)
    watch.add_of(ANSWER, 10_000)
    assert watch.look(60).wait == 0


def test_older_copy_of_a_stream_is_neither_trigger_nor_answer(live: Callable) -> None:
    life = live(*STREAMS, reactions=[PAIR])
    watch = Watch(life)
    with life.server.client(decode_responses=False) as redis:
        copies = {}
        for stream in (ASK, ANSWER):
            watch.add(stream)
            copies[stream] = redis.dump(stream)
        watch.look(60)
        watch.add(ASK)
        watch.add(ANSWER)
        assert watch.look(60).wait == 0
        redis.restore(ASK, 0, copies[ASK], replace=True)
        assert watch.look(600).wait == 0
        asked = watch.add(ASK)
        watch.look(60)
        redis.restore(ANSWER, 0, copies[ANSWER], replace=True)
        assert watch.look(600).since(asked)


def test_first_look_estimates_by_ids_and_never_older_than_the_last_answer(live: Callable) -> None:
    life = live(*STREAMS, reactions=[PAIR])
    watch = Watch(life)
    asked = watch.add_of(ASK, 5000)
    watch.add_of(ASK, 4000)
    life.restart_exporter()  # without a state file, so that its first look is the first of all
    assert watch.look().since(asked)
    watch.add_of(ANSWER, 3000)
    asked = watch.add_of(ASK, 2000)
    watch.add_of(ASK, 1000)
    life.restart_exporter()
    assert watch.look().since(asked)
    assert watch.look(600).since(asked)


def test_wait_is_absent_while_a_stream_cannot_be_read(pair: Callable) -> None:
    watch = Watch(pair())
    watch.look()
    asked = watch.add(ASK)
    watch.look()
    for readable in (ASK, ANSWER):
        watch.redis.execute_command("ACL", "SETUSER", "default", "resetkeys", f"~{readable}")
        assert watch.look(60).wait is None
        watch.redis.execute_command("ACL", "SETUSER", "default", "allkeys")
    assert watch.look(60).since(asked)


def test_after_an_outage_the_limit_is_lifted_for_five_minutes(pair: Callable) -> None:
    watch = Watch(pair(timeout="2s"))
    watch.look()
    asked = watch.add(ASK)
    watch.look(60)
    watch.life.server.pause()
    try:
        watch.life.clock.move(1200)
        assert watch.life.exporter.scrape().value("redis_up") == 0
    finally:
        watch.life.server.resume()
    limit = "redis_stream_reaction_limit_seconds"
    limits = [watch.life.after(seconds).value(limit) for seconds in (60, 0, 400)]
    assert limits == [math.inf, math.inf, 600]
    assert watch.look().since(asked)


def test_report_calls_it_overdue_and_exits_with_what_pages(pair: Callable, tmp_path: Path) -> None:
    watch = Watch(pair())
    watch.look()
    watch.add(ASK)
    watch.look(900)
    watch.life.exporter.stop()  # which writes its state
    flag = config(
        tmp_path,
        redis={"name": "main", "url": watch.life.server.url, "timeout": "30s"},
        discovery={"match": []},
        streams=list(STREAMS),
        reactions=[PAIR],
        state_file=str(tmp_path / "state.json"),
    )
    said = report(flag, "--format=json", environment=watch.life.clock.environment)
    (expected,) = [one for one in said.redis["streams"] if one["stream"] == ANSWER]
    assert expected["state"] == "reaction overdue"
    assert expected["reason"].startswith(f"an entry of {ASK} has gone unanswered for 15m")
    assert said.code == 2


def test_streams_that_no_rule_matches_are_read_too(live: Callable) -> None:
    watch = Watch(live(reactions=[PAIR]))
    watch.look()
    asked = watch.add(ASK)
    assert watch.look(600).since(asked)
    scrape = watch.life.exporter.scrape()
    labels = (ANSWER, "unclassified", ASK)
    assert scrape["redis_stream_reaction_limit_seconds"] == {labels: 600}


def test_trigger_that_is_ignored_is_read_and_not_exported(live: Callable) -> None:
    watch = Watch(live({"match": ASK, "ignore": True}, STREAMS[1], reactions=[PAIR]))
    watch.look()
    asked = watch.add(ASK)
    assert watch.look(600).since(asked)
    assert watch.life.exporter.scrape()["redis_stream_exists"] == {(ANSWER, "event"): 0}


def test_labels_are_those_of_the_expected_stream(live: Callable) -> None:
    expect = STREAMS[1] | {"labels": {"team": "models"}}
    scrape = live(STREAMS[0], expect, reactions=[PAIR]).after(0)
    assert scrape.labels("redis_stream_reaction_limit_seconds") == {
        frozenset({"redis", "db", "stream", "class", "team", "after"})
    }
