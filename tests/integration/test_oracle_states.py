"""Existence, classes, limits and counts: what the declaration makes of what Redis holds."""

import math
import time
from collections.abc import Callable
from typing import Any

import pytest

from support.history import CLASSES, History, Witness, check_counts
from support.metrics import Scrape
from support.oracle import Policy
from support.servers import RealServer

REASONS = (
    "connection", "timeout", "noperm", "wrongtype", "replica", "cluster", "protocol", "other",
)  # fmt: skip
LIMITS = {
    "continuous": {"quiet_limit": "2m", "lag_limit": "1h30m"},
    "hybrid": {"lag_limit": "4m"},
    "event": {"lag_limit": "90s"},
}


@pytest.fixture
def look(server: RealServer, history: History, exporter: Callable) -> Callable[..., Witness]:
    """Starts an exporter with this configuration beside the history of every real server."""

    def start(streams: list[dict[str, Any]], **config: Any) -> Witness:
        redis = {"name": "main", "url": server.url}
        discovery = {"match": ["*"], "interval": "100ms"} | config.pop("discovery", {})
        whole = {"redis": redis, "discovery": discovery, "streams": streams} | config
        return Witness(exporter(config=whole), history)

    return start


def errors(**counts: dict[str, int]) -> dict[tuple[str, str], int]:
    """All classes and reasons, at 0 but for `counts`: errors(scrape, event={"noperm": 1})."""
    return {
        (class_, reason): counts.get(class_, {}).get(reason, 0)
        for class_ in CLASSES
        for reason in REASONS
    }


def group_limits(scrape: Scrape) -> dict[tuple[str, str], float]:
    series = scrape["redis_stream_group_lag_limit_seconds"]
    return {(stream, group): value for (stream, _, group), value in series.items()}


def test_what_is_declared_decides_class_limits_and_what_is_exported(
    history: History, look: Callable
) -> None:
    declared = [
        {"match": "tick", "class": "continuous", "quiet_limit": "30s"},
        {"match": "book", "class": "continuous"},
        {"match": "*.done", "class": "hybrid", "groups": [
            {"match": "nightly-*", "lag_limit": "26h"},
            {"match": "old-*", "lag_limit": "none"},
        ]},
        {"match": "job.*", "class": "event"},
        {"match": "rq:*", "ignore": True},
        {"match": "rq:later", "class": "event"},
        {"match": "absent.feed", "class": "continuous", "quiet_limit": "45s"},
        {"match": "absent.event", "class": "event"},
        {"match": "a list", "class": "hybrid"},
    ]  # fmt: skip
    for stream in ("tick", "book", "job.done", "job.start", "rq:later", "nobody's"):
        history.add(stream, count=3)
        for group in ("nightly-1", "old-1", "other"):
            history.create_group(stream, group)
    history.client.rpush("a list", "x")
    witness = look(declared, classes=LIMITS)
    scrape, now = witness.scrape("tick", "book", "job.done", "job.start", "nobody's")

    assert scrape["redis_stream_exists"] == {
        ("tick", "continuous"): 1,
        ("book", "continuous"): 1,
        ("job.done", "hybrid"): 1,
        ("job.start", "event"): 1,
        ("nobody's", "unclassified"): 1,
        ("absent.feed", "continuous"): 0,
        ("absent.event", "event"): 0,
        ("a list", "hybrid"): 0,
    }
    groups = ("nightly-1", "old-1", "other")
    assert group_limits(scrape) == {
        **{(stream, group): 5400 for stream in ("tick", "book") for group in groups},
        ("job.done", "nightly-1"): 93_600,
        ("job.done", "other"): 240,
        **{("job.start", group): 90 for group in groups},
    }
    policies = {
        "tick": Policy("continuous", 30, 5400),
        "book": Policy("continuous", 120, 5400),
        "job.done": Policy("hybrid", None, 240, {"nightly-1": 93_600, "old-1": None}),
        "job.start": Policy("event", None, 90),
        "nobody's": Policy(),
    }
    for stream, policy in policies.items():
        assert scrape.of(stream) == witness.expect(stream, policy, now)
    for stream in ("absent.feed", "absent.event", "a list"):
        more = scrape.of(stream).keys() - {"redis_stream_quiet_limit_seconds"}
        assert more == {"redis_stream_exists"}, stream
    assert scrape["streamgauge_stream_errors"] == errors(hybrid={"wrongtype": 1})
    assert scrape["streamgauge_streams"] == {
        ("continuous",): 2,
        ("hybrid",): 1,
        ("event",): 1,
        ("unclassified",): 1,
    }
    check_counts(scrape)


def test_continuous_stream_seen_and_gone_exists_0_and_any_other_disappears(
    history: History, look: Callable
) -> None:
    streams = {"feed.x": "continuous", "some.y": "hybrid", "job.z": "event", "who": "unclassified"}
    declared = [
        {"match": f"{name.split('.')[0]}.*", "class": class_}
        for name, class_ in streams.items()
        if class_ != "unclassified"
    ]
    for stream in streams:
        history.add(stream, count=2)
        history.create_group(stream, "g")
    witness = look([*declared, {"match": "job.declared", "class": "event"}])
    witness.scrape(*streams)
    for stream in streams:
        history.drop(stream)
    scrape, _ = witness.scrape()
    assert scrape["redis_stream_exists"] == {
        ("feed.x", "continuous"): 0,
        ("job.declared", "event"): 0,
    }
    assert scrape["redis_stream_length"] == {}
    assert scrape["redis_stream_group_consumers"] == {}
    assert scrape["streamgauge_stream_errors"] == errors()
    check_counts(scrape)
    history.add("feed.x")
    scrape = witness.exporter.scrape_until(
        lambda scrape: scrape["redis_stream_exists"]["feed.x", "continuous"] == 1,
        "the continuous stream is back",
    )
    assert scrape["redis_stream_length"] == {("feed.x", "continuous"): 1}


def test_deleted_stream_is_gone_from_the_very_next_scrape(witness: Witness) -> None:
    history = witness.history
    for stream in ("continuous:gone", "event:gone"):
        history.add(stream)
    witness.scrape("continuous:gone", "event:gone")
    for stream in ("continuous:gone", "event:gone"):
        history.drop(stream)
    scrape, _ = witness.scrape()
    assert scrape["redis_stream_exists"].get(("continuous:gone", "continuous")) == 0
    assert "event:gone" not in scrape.streams()
    assert scrape["redis_stream_length"] == {}


def test_class_limits_have_defaults_and_closed_hours_have_no_quiet_limit(
    valkey9: RealServer, exporter: Callable
) -> None:
    days_since_1970 = int(time.time() // 86_400)  # which began with a Thursday
    far = ("thu", "fri", "sat", "sun", "mon", "tue", "wed")[(days_since_1970 + 3) % 7]
    active = {"days": far, "hours": "09:00-16:00", "timezone": "UTC"}
    with valkey9.client() as client:
        for stream in ("open", "closed", "some", "job"):
            client.xgroup_create(stream, "g", mkstream=True)
    declared = [
        {"match": "open", "class": "continuous"},
        {"match": "closed", "class": "continuous", "active": active},
        {"match": "some", "class": "hybrid"},
        {"match": "job", "class": "event"},
    ]
    scrape = exporter(config={"redis": {"url": valkey9.url}, "streams": declared}).scrape()
    assert scrape["redis_stream_quiet_limit_seconds"] == {
        ("open", "continuous"): 300,
        ("closed", "continuous"): math.inf,
    }
    assert group_limits(scrape) == {
        (stream, "g"): 300 for stream in ("open", "closed", "some", "job")
    }


def test_group_with_too_many_consumers_keeps_its_group_series_alone(
    history: History, look: Callable
) -> None:
    history.add("s", count=9)
    for group, consumers in {"two": 2, "three": 3}.items():
        history.create_group("s", group)
        for number in range(consumers):
            history.read("s", group, f"c{number}")
    witness = look([], discovery={"max_consumers": 2})
    scrape, _ = witness.scrape("s")
    assert scrape["redis_stream_group_consumers"] == {
        ("s", "unclassified", "two"): 2,
        ("s", "unclassified", "three"): 3,
    }
    assert scrape["redis_stream_group_messages_pending"] == {
        ("s", "unclassified", "two"): 2,
        ("s", "unclassified", "three"): 3,
    }
    for name in ("messages_pending", "idle_seconds"):
        assert scrape[f"redis_stream_group_consumer_{name}"].keys() == {
            ("s", "unclassified", "two", "c0"),
            ("s", "unclassified", "two", "c1"),
        }


def test_streams_beyond_max_streams_are_counted_and_not_read(
    history: History, look: Callable
) -> None:
    for number in range(7):
        history.add(f"job:{number}")
    witness = look([{"match": "job:*", "class": "event"}], discovery={"max_streams": 4})
    scrape, _ = witness.scrape()
    assert len(scrape["redis_stream_length"]) == 4
    assert scrape.value("streamgauge_streams_dropped") == 3
    assert scrape["streamgauge_streams"] == {
        (class_,): 4 if class_ == "event" else 0 for class_ in CLASSES
    }


def test_server_that_dies_answers_redis_up_0_and_no_stream(
    start_server: Callable, exporter: Callable
) -> None:
    server = start_server("redis-7.0")
    with server.client() as client:
        client.xadd("s", {"a": 1})
    process = exporter(
        config={
            "redis": {"name": "main", "url": server.url},
            "discovery": {"match": ["*"], "interval": "100ms"},
            "streams": [{"match": "s", "class": "continuous"}],
        }
    )
    assert process.scrape_until_known("s").value("redis_up") == 1
    server.kill()
    scrape = process.scrape()
    assert scrape.value("redis_up") == 0
    assert [name for name in scrape if name.startswith("redis_stream_")] == []
    server.restart()
    scrape = process.scrape_until(lambda scrape: scrape.value("redis_up"), "Redis is read again")
    assert scrape["redis_stream_exists"] == {("s", "continuous"): 0}


def test_frozen_server_answers_redis_up_0_within_its_timeout(
    start_server: Callable, exporter: Callable
) -> None:
    server = start_server("valkey-9.1")
    process = exporter(config={"redis": {"name": "main", "url": server.url, "timeout": "2s"}})
    assert process.scrape().value("redis_up") == 1
    server.pause()
    scrape = process.scrape()
    assert scrape.value("redis_up") == 0
    server.resume()
    process.scrape_until(lambda scrape: scrape.value("redis_up"), "Redis is read again")
