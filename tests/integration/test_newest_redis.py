"""What only Redis 8.4 and newer can do, by real commands: what is exported, and what is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.metrics import Scrape
from support.moved_clock import Life
from support.reports import config, report

JOBS = {"match": "jobs", "class": "event", "lag_limit": "5m"}
GROUP = ("jobs", "event", "g")
STREAM = ("jobs", "event")
FATAL = 9223372036854775807


@pytest.fixture(params=["redis-8.10", pytest.param("redis-8.6", marks=pytest.mark.nightly)])
def life(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Life]:
    """A Redis with three jobs that a consumer took, and an exporter with a state file."""
    settings = {"state_file": str(tmp_path / "state.json")}
    with Life(request.param, tmp_path, JOBS, settings=settings) as life:
        life.redis.xgroup_create("jobs", "g", id="0", mkstream=True)
        life.add("jobs", 3)
        life.read("jobs", 3)
        life.after(1)
        yield life


knows_xnack = pytest.mark.parametrize("life", ["redis-8.10"], indirect=True)


def run(life: Life, *command: object) -> Any:
    return life.redis.execute_command(*command)


def pending(life: Life) -> list[str]:
    return [one["message_id"] for one in life.redis.xpending_range("jobs", "g", "-", "+", 10)]


def two_looks(life: Life, seconds: float) -> Scrape:
    """Scrape after so much time: how many are nobody's is looked up one scrape later."""
    life.after(seconds)
    return life.after(1)


def findings(life: Life) -> dict[str, str]:
    """What the status page found, as the report does: sentences by their kind."""
    answer = life.exporter.get("/api/v1/status")
    (found,) = json.loads(answer.body)["redis"]
    return {one["kind"]: one["sentence"] for one in found["findings"]}


@knows_xnack
@pytest.mark.parametrize(
    ("word", "deliveries", "how"),
    [
        ("SILENT", 0, "was released"),
        ("FAIL", 1, "was released"),
        ("FATAL", FATAL, "was released as one that cannot be processed"),
    ],
)
def test_entry_that_was_released_is_told_as_what_it_is(
    life: Life, word: str, deliveries: int, how: str
) -> None:
    run(life, "XNACK", "jobs", "g", word, "IDS", 1, pending(life)[0])
    scrape = two_looks(life, 7200)
    assert scrape["redis_stream_group_messages_nacked"] == {GROUP: 1}
    assert scrape["redis_stream_group_oldest_pending_deliveries"] == {GROUP: deliveries}
    found = findings(life)
    assert how in found["released entry"]
    assert found["released entry"].endswith("nobody takes it: its consumers do not claim")
    assert "poison entry" not in found


def test_entry_that_was_claimed_again_and_again_is_no_poison_by_that_alone(life: Life) -> None:
    for _ in range(6):
        life.clock.move(60)
        run(
            *(life, "XREADGROUP", "GROUP", "g", "c", "COUNT", 10, "CLAIM", 1000),
            *("STREAMS", "jobs", ">"),
        )
    scrape = life.after(1)
    assert scrape["redis_stream_group_oldest_pending_deliveries"][GROUP] >= 5
    assert "poison entry" not in findings(life)
    life.after(7200)
    assert "poison entry" in findings(life)  # it is held for two hours as well


def test_entries_removed_by_xackdel_are_no_trim_and_no_loss(life: Life) -> None:
    run(life, "XACKDEL", "jobs", "g", "DELREF", "IDS", 2, *pending(life)[:2])
    life.add("jobs", 2)
    scrape = life.after(30)
    assert scrape["redis_stream_group_retention_used_ratio"] == {}
    assert scrape["redis_stream_group_entries_lost_total"] == {GROUP: 0}


def test_trim_that_waits_for_acknowledgements_gives_no_ratio_before_it_trims(life: Life) -> None:
    run(life, "XTRIM", "jobs", "MAXLEN", 1, "ACKED")
    life.add("jobs", 1)
    scrape = life.after(30)
    assert scrape["redis_stream_length"] == {STREAM: 4}
    assert scrape["redis_stream_group_retention_used_ratio"] == {}


def test_ids_of_producers_are_exported_by_the_names_of_redis_exporter(life: Life) -> None:
    for number in (1, 2, 2):
        run(life, "XADD", "jobs", "IDMP", "p1", f"i{number}", "*", "n", 1)
    scrape = life.after(0)
    values = {
        name: scrape[f"redis_stream_idmp_{name}"][STREAM]
        for name in (
            *("duration_seconds", "max_size", "producer_ids_tracked"),
            *("idempotent_ids_tracked", "entries_added_total", "duplicates_total"),
        )
    }
    assert values == {
        "duration_seconds": 100,
        "max_size": 100,
        "producer_ids_tracked": 1,
        "idempotent_ids_tracked": 2,
        "entries_added_total": 2,
        "duplicates_total": 1,
    }
    assert scrape["redis_stream_entries_added_total"] == {STREAM: 5}


def test_ids_that_find_no_room_let_duplicates_pass_and_are_told(life: Life) -> None:
    run(life, "XCFGSET", "jobs", "IDMP-MAXSIZE", 2)
    for number in (1, 2, 3, 1):
        run(life, "XADD", "jobs", "IDMP", "p1", f"i{number}", "*", "n", 1)
    assert life.after(0)["redis_stream_idmp_duplicates_total"] == {STREAM: 0}
    assert "remembers 2 IDs of each producer" in findings(life)["idempotence overflows"]


def test_entries_that_come_twice_are_told_when_they_are_many(life: Life) -> None:
    life.after(1)
    for number in range(20):
        for _ in range(2):
            run(life, "XADD", "jobs", "IDMP", "p1", f"i{number}", "*", "n", 1)
    life.clock.move(30)
    assert "20 entries came to jobs a second time" in findings(life)["duplicates rise"]


@knows_xnack
def test_report_says_the_same(life: Life, tmp_path: Path) -> None:
    run(life, "XNACK", "jobs", "g", "FATAL", "IDS", 1, pending(life)[0])
    two_looks(life, 7200)
    life.exporter.stop()  # which writes its state
    flag = config(
        tmp_path,
        redis={"name": "main", "url": life.server.url, "timeout": "30s"},
        streams=[JOBS],
        state_file=str(tmp_path / "state.json"),
    )
    said = report(flag, "--format=json", environment=life.clock.environment)
    assert ("jobs", "released entry") in said.problems()
    assert said.code == 1
