"""The documented ACL user can read everything, is denied nothing, and has no right to spare."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import redis

from support.history import History
from support.metrics import STREAM_SERIES, UNTOLD, Scrape
from support.polling import wait_for
from support.servers import ROOT, RealServer

SECRET = "s3cret"
RULE = re.compile(r"^ *ACL SETUSER streamgauge (on .+)$", re.MULTILINE)
OPTIONAL = re.compile(r"^ACL SETUSER streamgauge (\+(?:role|info|client\S+))$", re.MULTILINE)
KEYS_RULE = re.compile(r"^ *ACL SETUSER streamgauge (\+pttl.+)$", re.MULTILINE)


def documented_rule() -> list[str]:
    """The words after `ACL SETUSER streamgauge` in docs/redis.md, the password replaced by ours."""
    found = RULE.search((ROOT / "docs/redis.md").read_text())
    assert found, "docs/redis.md has no line that begins with ACL SETUSER streamgauge"
    words = [word for word in found[1].split() if not word.startswith(">")]
    return [*words, f">{SECRET}"]


def rights_for_keys() -> list[str]:
    """What docs/redis.md says that state keys need besides."""
    found = KEYS_RULE.search((ROOT / "docs/redis.md").read_text())
    assert found, "docs/redis.md has no line that gives rights for state keys"
    return found[1].split()


def optional_rights(server: RealServer) -> list[str]:
    """What docs/redis.md says may be left out, as far as this server knows it."""
    found = OPTIONAL.findall((ROOT / "docs/redis.md").read_text())
    assert len(found) == 3
    return [right for right in found if "|" not in right or server.name != "redis-7.0"]


def rights(rule: list[str]) -> list[str]:
    return [word for word in rule if word.startswith("+")]


def user_without(right: str) -> str:
    return f"without-{right[1:].replace('|', '-')}"


@pytest.fixture
def users(server: RealServer) -> Any:
    """The documented user, and beside it one user for each right that lacks just that right."""
    rule = documented_rule()
    with server.client() as client:
        history = History(client, server.release)
        history.add("feed", count=12)
        history.create_group("feed", "g")
        history.read("feed", "g", "c", 5)
        more = optional_rights(server)
        named = {"streamgauge": [*rule, *more]}
        named |= {
            user_without(right): [w for w in [*rule, *more] if w != right] for right in rights(rule)
        }
        for user, words in named.items():
            client.execute_command("ACL", "SETUSER", user, "reset", *words)
        client.acl_log_reset()
        yield list(named)
        for user in named:
            client.acl_deluser(user)
        client.acl_log_reset()


def configuration(server: RealServer, users: list[str]) -> dict[str, Any]:
    return {
        "redis": [
            {"name": user, "url": server.url, "username": user, "password": SECRET}
            for user in users
        ],
        "discovery": {"match": ["*"], "interval": "100ms"},
        "streams": [{"match": "feed", "class": "continuous"}],
    }


def denials(client: redis.Redis, user: str) -> list[str]:
    return [entry["object"] for entry in client.acl_log() if entry["username"] == user]


def test_documented_user_reads_everything_and_is_denied_nothing(
    server: RealServer, users: list[str], exporter: Callable
) -> None:
    process = exporter(config=configuration(server, ["streamgauge"]))
    scrape = process.scrape()
    process.scrape_until(
        lambda later: (
            later.value("streamgauge_discovery_last_success_timestamp_seconds")
            != scrape.value("streamgauge_discovery_last_success_timestamp_seconds")
        ),
        "discovery has run again",
    )
    assert scrape.value("redis_up") == 1
    assert sum(scrape["streamgauge_stream_errors"].values()) == 0
    told = set(STREAM_SERIES) - UNTOLD.get(server.name, set())
    assert scrape.of("feed", STREAM_SERIES).keys() == told
    with server.client() as client:
        assert denials(client, "streamgauge") == []


def test_every_documented_right_is_needed_and_its_loss_is_noticed(
    server: RealServer, users: list[str], exporter: Callable
) -> None:
    process = exporter(config=configuration(server, users), until_ready=False)

    able = [user for user in users if user != user_without("+scan")]

    def settled() -> Scrape | None:
        scrape = process.scrape()
        discovered = all(has_discovered(scrape, user) for user in able)
        return scrape if discovered and is_up(scrape, "streamgauge") else None

    scrape = wait_for(settled, "all who may SCAN have discovered")
    assert [user for user in users if not is_noticed(scrape, user)] == ["streamgauge"]


def test_state_keys_need_the_rights_that_are_documented_for_them_and_no_more(
    server: RealServer, exporter: Callable
) -> None:
    rule, more = [*documented_rule(), *optional_rights(server)], rights_for_keys()
    named = {"streamgauge": [*rule, *more]}
    named |= {user_without(right): [*rule, *more] for right in more}
    for right in more:
        named[user_without(right)].remove(right)
    with server.client() as client:
        client.xadd("feed", {"n": 1})
        client.hset("policy", "until", 4_000_000_000)
        for user, words in named.items():
            client.execute_command("ACL", "SETUSER", user, "reset", *words)
        client.acl_log_reset()
        config = configuration(server, list(named))
        config["keys"] = [{"key": "policy", "deadline_field": "until"}, {"match": "p*"}]
        scrape = exporter(config=config).scrape()
        denied = denials(client, "streamgauge")
        for user in named:
            client.acl_deluser(user)
        client.acl_log_reset()
    assert denied == []
    noticed = scrape.by("streamgauge_key_errors", "redis", "reason")
    assert {user for user in named if noticed[user, "noperm"]} == {
        user_without(right) for right in more
    }
    assert scrape.by("redis_up", "redis") == {(user,): 1 for user in named}
    assert scrape.by("redis_keys_matching", "redis") == {(user,): 1 for user in named}
    assert scrape.by("redis_key_exists", "redis").keys() == {
        (user,) for user in named if user != user_without("+pttl")
    }
    assert scrape.by("redis_key_deadline_seconds", "redis").keys() == {("streamgauge",)}


def test_streams_out_of_the_users_reach_are_counted_and_the_rest_go_on(
    server: RealServer, exporter: Callable
) -> None:
    with server.client() as client:
        for stream in ("open:1", "open:2", "shut:1"):
            client.xadd(stream, {"a": 1})
        keys = [word for word in documented_rule() if not word.startswith("~")]
        client.execute_command("ACL", "SETUSER", "half", "reset", *keys, "~open:*")
        config = configuration(server, ["half"])
        config["streams"] = [{"match": "shut:*", "class": "continuous"}]
        process = exporter(config=config)
        scrape = process.scrape()
        client.acl_deluser("half")
        client.acl_log_reset()
    assert scrape.value("redis_up") == 1
    assert scrape.streams() == {"open:1", "open:2"}
    errors = {key: count for key, count in scrape["streamgauge_stream_errors"].items() if count}
    assert errors == {("continuous", "noperm"): 1}
    assert scrape["streamgauge_streams"]["unclassified",] == 2
    process.scrape()
    assert process.log().count("stream=shut:1") == 1, "named in the log once, not at every scrape"


def is_up(scrape: Scrape, user: str) -> bool:
    return bool(scrape.by("redis_up", "redis")[user,])


def has_discovered(scrape: Scrape, user: str) -> bool:
    return (user,) in scrape.by("streamgauge_discovery_last_success_timestamp_seconds", "redis")


def is_noticed(scrape: Scrape, user: str) -> bool:
    """Whether a scrape tells that this user lacks a right."""
    counts = scrape.by("streamgauge_stream_errors", "redis", "class", "reason")
    denied = counts.get((user, "continuous", "noperm"), 0)
    return not is_up(scrape, user) or not has_discovered(scrape, user) or denied > 0
