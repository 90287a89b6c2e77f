"""State keys on real servers: existence, expiry, deadlines and numbers are those Redis holds."""

import signal
from collections.abc import Callable
from typing import Any

from support.exporter import ExporterProcess
from support.metrics import Between, Scrape
from support.polling import wait_for
from support.servers import RealServer

REASONS = (
    *("connection", "timeout", "noperm", "wrongtype", "replica", "cluster"),
    *("protocol", "other", "notime"),
)  # fmt: skip
HOSTILE = ['q"uote', "back\\slash", "two\nlines", "{braces}", "é", 'a,b="c"} 5 # {']
TIMED = ("redis_key_ttl_seconds", "redis_key_deadline_seconds")


def configuration(url: str, *keys: dict[str, Any], **sections: Any) -> dict[str, Any]:
    redis = {"name": "main", "url": url, "timeout": "5s"}
    discovery = {"match": ["*"], "interval": "100ms"}
    return {"redis": redis, "discovery": discovery, "keys": list(keys)} | sections


def of(scrape: Scrape, name: str) -> dict[str, float]:
    """The series of a metric, by key or pattern."""
    return {label: value for (label,), value in scrape[name].items()}


def errors(scrape: Scrape) -> dict[str, float]:
    """The keys that could not be read by reason; every reason has a series."""
    counts = of(scrape, "streamgauge_key_errors")
    assert counts.keys() == set(REASONS)
    return {reason: count for reason, count in counts.items() if count}


def now_of(client: Any) -> float:
    seconds, microseconds = client.time()
    return float(seconds) + microseconds / 1e6


def test_existence_expiry_and_deadline_are_those_of_the_server(
    server: RealServer, exporter: Callable
) -> None:
    with server.client() as client:
        began = now_of(client)
        client.hset("policy", mapping={"version": "1", "valid_until": int(began) + 7200})
        client.expire("policy", 600)
        client.hset("late", "valid_until", str(began - 90.5))
        client.hset("beat", "at", str(int((began - 60) * 1000)))  # milliseconds
        client.hset("stale", "at", str(began - 900))
        client.set("lock", "me", px=30_000)
        client.xadd("feed", {"n": 1})
        process = exporter(
            config=configuration(
                server.url,
                {"key": "policy", "deadline_field": "valid_until"},
                {"key": "late", "deadline_field": "valid_until"},
                {"key": "beat", "max_age_field": "at", "max_age": "10m"},
                {"key": "stale", "max_age_field": "at", "max_age": "10m"},
                {"key": "lock"},
                {"key": "feed"},
                {"key": "gone", "deadline_field": "valid_until"},
            )
        )
        scrape = process.scrape_until_known("feed")
        took = now_of(client) - began
    keys = ("policy", "late", "beat", "stale", "lock", "feed", "gone")
    assert of(scrape, "redis_key_exists") == {key: key != "gone" for key in keys}
    assert of(scrape, "redis_key_ttl_seconds") == {
        "policy": Between(600 - took, 600),
        "lock": Between(30 - took, 30),
    }
    assert of(scrape, "redis_key_deadline_seconds") == {
        "policy": Between(7199 - took, 7200),
        "late": Past(90.5, 90.5 + took),
        "beat": Between(540 - took, 540),
        "stale": Past(300, 300 + took),
    }
    assert errors(scrape) == {}
    assert scrape.labels("redis_key_deadline_seconds") == {frozenset({"redis", "db", "key"})}


class Past(Between):
    """Equal to every number of seconds that a deadline is past by so much."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and super().__eq__(-other)

    __hash__ = None  # type: ignore[assignment]


def test_every_scrape_says_what_is_there_now(server: RealServer, exporter: Callable) -> None:
    process = exporter(
        config=configuration(server.url, {"key": "policy", "deadline_field": "valid_until"})
    )

    def seen() -> tuple[float | None, set[str], dict[str, float]]:
        scrape = process.scrape()
        told = {name for name in TIMED if scrape[name]}
        return scrape.value("redis_key_exists"), told, errors(scrape)

    with server.client() as client:
        assert seen() == (0, set(), {})
        client.hset("policy", "valid_until", int(now_of(client)) + 60)
        assert seen() == (1, {TIMED[1]}, {})
        client.expire("policy", 60)
        assert seen() == (1, {*TIMED}, {})
        client.hdel("policy", "valid_until")
        client.hset("policy", "other", 1)
        client.persist("policy")
        assert seen() == (1, set(), {"notime": 1})
        client.hset("policy", "valid_until", "tomorrow")
        assert seen() == (1, set(), {"notime": 1})
        client.delete("policy")
        client.set("policy", "1", ex=60)
        assert seen() == (1, {TIMED[0]}, {"wrongtype": 1})
        client.delete("policy")
        assert seen() == (0, set(), {})
    log = process.log()
    assert log.count('msg="key unreadable"') == 2, "named once per change, not at every scrape"
    assert "reason=notime" in log
    assert "the hash has no field valid_until" in log
    assert "reason=wrongtype" in log
    assert log.count('msg="key readable again or gone"') == 1


def test_keys_that_match_are_counted_in_the_background(
    server: RealServer, exporter: Callable
) -> None:
    with server.client() as client:
        for number in range(2500):
            client.set(f"hold:{number}", 1)
        client.xadd("hold:stream", {"n": 1})
        client.hset("held", "a", 1)
        process = exporter(
            config=configuration(server.url, {"match": "hold:*"}, {"match": "*e*"}, {"match": "h?"})
        )
        counts = of(process.scrape(), "redis_keys_matching")
        assert counts == {"hold:*": 2501, "*e*": 2, "h?": 0}
        client.delete(*[f"hold:{number}" for number in range(2500)])
        process.scrape_until(
            lambda scrape: of(scrape, "redis_keys_matching") == {"hold:*": 1, "*e*": 2, "h?": 0},
            "what was deleted is not counted",
        )
    assert not process.scrape()["streamgauge_key_errors"], "no key is declared by name"


def test_a_pattern_is_counted_where_no_stream_is_looked_for(
    server: RealServer, exporter: Callable
) -> None:
    with server.client() as client:
        client.set("hold:1", 1)
    config = configuration(server.url, {"match": "hold:*"}, discovery={"match": []})
    assert of(exporter(config=config).scrape(), "redis_keys_matching") == {"hold:*": 1}


def test_names_of_every_kind_are_valid_text_and_distinct(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client:
        for name in HOSTILE:
            client.set(name, 1)
    written = [name.replace("\\", "\\\\") for name in HOSTILE]
    config = configuration(
        redis7.url, *({"key": name} for name in written), *({"match": name} for name in written)
    )
    scrape = exporter(config=config).scrape()
    assert of(scrape, "redis_key_exists") == dict.fromkeys(HOSTILE, 1)
    assert of(scrape, "redis_keys_matching") == dict.fromkeys(written, 1)


def test_a_redis_that_is_gone_leaves_no_number_behind(
    start_server: Callable, exporter: Callable
) -> None:
    server = start_server("redis-7.0")
    with server.client() as client:
        client.hset("policy", "valid_until", int(now_of(client)) + 60)
    process = exporter(
        config=configuration(
            server.url,
            {"key": "policy", "deadline_field": "valid_until"},
            {"key": "gone"},
            {"match": "p*"},
        )
    )
    assert of(process.scrape(), "redis_keys_matching") == {"p*": 1}
    server.kill()
    scrape = process.scrape_until(lambda scrape: not scrape.value("redis_up"), "Redis is gone")
    names = ("redis_key_exists", *TIMED, "redis_keys_matching")
    assert {name for name in names if scrape[name]} == set()
    assert errors(scrape) == {"connection": 2}


def test_who_declares_no_keys_pays_nothing(redis7: RealServer, exporter: Callable) -> None:
    with redis7.client() as client:
        client.xadd("feed", {"n": 1})
        client.config_resetstat()
        process = exporter(config=configuration(redis7.url))
        scrape = process.scrape_until_known("feed")
        sent = client.info("commandstats")
    assert not {"cmdstat_pttl", "cmdstat_hget"} & sent.keys()
    assert not [name for name in scrape if "_key" in name]


def test_a_reload_takes_keys_up_and_gives_them_up(redis7: RealServer, exporter: Callable) -> None:
    with redis7.client() as client:
        client.set("one", 1)
        client.set("two", 1)
    process: ExporterProcess = exporter(config=configuration(redis7.url, {"key": "one"}))
    assert of(process.scrape(), "redis_key_exists") == {"one": 1}
    process.write_config(configuration(redis7.url, {"key": "two"}, {"match": "o*"}))
    process.send(signal.SIGHUP)
    wait_for(lambda: "config reloaded" in process.log(), "the exporter has read it")
    assert of(process.scrape(), "redis_key_exists") == {"two": 1}
    process.scrape_until(
        lambda scrape: of(scrape, "redis_keys_matching") == {"o*": 1}, "the new pattern is counted"
    )
