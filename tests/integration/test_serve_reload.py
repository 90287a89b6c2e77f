"""Reading the configuration again: a good one takes effect at once, a bad one changes nothing."""

import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from support.exporter import ExporterProcess
from support.faulty_rig import CLASS_OF, HEALTHY, configuration, fill, outcome
from support.polling import wait_for
from support.servers import RealServer

SUCCESSFUL = "streamgauge_config_last_reload_successful"
SUCCEEDED = "streamgauge_config_last_reload_success_timestamp_seconds"

MISTAKES = {
    "streams: [{match: feed, class: contnuous}]": "streams[0].class",
    "streams: [{match: feed, clas: event}]": "streams[0].clas",
    "redis: {timeout: 5 parsecs}": "redis.timeout",
    "streams: [": "not valid YAML at",
}


@pytest.fixture
def server(redis7: RealServer) -> Iterator[RealServer]:
    with redis7.client() as client:
        fill(client)
    return redis7


@pytest.fixture(params=["SIGHUP", "POST"])
def reload(request: pytest.FixtureRequest) -> Callable[[ExporterProcess], None]:
    """Makes an exporter read its configuration again, and waits until it has tried."""

    def ask(process: ExporterProcess) -> None:
        before = process.log().count("reloaded")
        if request.param == "POST":
            process.get("/-/reload", method="POST")
        else:
            process.send(signal.SIGHUP)
        wait_for(lambda: process.log().count("reloaded") > before, "the exporter has tried")

    return ask


def classed(url: str, class_: str, **settings: Any) -> dict[str, Any]:
    """A configuration that puts every stream in one class."""
    return configuration(url) | {"streams": [{"match": "*", "class": class_, **settings}]}


def classes(process: ExporterProcess) -> set[str]:
    return {key[1] for key in process.scrape()["redis_stream_length"]}


def test_good_file_takes_effect_in_the_next_scrape_and_a_bad_one_changes_nothing(
    server: RealServer, exporter: Callable, reload: Callable
) -> None:
    config = classed(server.url, "event")
    process = exporter("--web.enable-lifecycle", config=config)
    process.scrape_until_known(*CLASS_OF)
    first = process.scrape()
    assert first.value(SUCCESSFUL) == 1
    assert abs(first.value(SUCCEEDED) - time.time()) < 60
    assert classes(process) == {"event"}

    process.write_config(classed(server.url, "continuous", quiet_limit="42s"))
    reload(process)
    second = process.scrape()
    assert second["redis_stream_quiet_limit_seconds"] == {
        (stream, "continuous"): 42 for stream in CLASS_OF
    }
    assert second.value(SUCCESSFUL) == 1
    assert second.value(SUCCEEDED) > first.value(SUCCEEDED)

    for mistake in (classed(server.url, "contnuous"), {"redi": {}}, {}):
        process.write_config(mistake)
        reload(process)
        third = process.scrape()
        assert third.value(SUCCESSFUL) == 0
        assert third.value(SUCCEEDED) == second.value(SUCCEEDED)
        assert classes(process) == {"continuous"}
        assert process.get("/-/ready").status == 200

    process.write_config(config)
    reload(process)
    fourth = process.scrape()
    assert fourth.value(SUCCESSFUL) == 1
    assert fourth.value(SUCCEEDED) > second.value(SUCCEEDED)
    assert outcome(fourth).up == 1
    assert classes(process) == {"event"}


def not_reloaded(process: ExporterProcess) -> list[str]:
    return [line for line in process.log().splitlines() if "not reloaded" in line]


def test_log_names_the_mistake_of_a_bad_file(server: RealServer, exporter: Callable) -> None:
    process = exporter("--web.enable-lifecycle", config=configuration(server.url))
    named = {}
    for text, name in MISTAKES.items():
        before = len(not_reloaded(process))
        process.config_file.write_text(text)
        answer = process.get("/-/reload", method="POST")
        lines = [line for line in not_reloaded(process)[before:] if f"{name} " in line]
        named[name] = (answer.status, name in answer.text, ["level=error" in one for one in lines])
    assert named == dict.fromkeys(MISTAKES.values(), (500, True, [True]))


def test_log_names_each_mistake_of_a_bad_file_in_a_line_of_its_own(
    server: RealServer, exporter: Callable
) -> None:
    process = exporter("--web.enable-lifecycle", config=configuration(server.url))
    process.config_file.write_text("redis: {timeout: 5 parsecs}\nstreams: 3\nx: y\n")
    process.get("/-/reload", method="POST")
    places = ("redis.timeout", "redis.url", "streams", "x")
    lines = not_reloaded(process)
    assert len(lines) == len(places)
    for place in places:
        assert len([line for line in lines if f'problem="{place} (line' in line]) == 1, place


def test_file_that_vanished_keeps_the_old_configuration(
    server: RealServer, exporter: Callable
) -> None:
    process = exporter("--web.enable-lifecycle", config=configuration(server.url))
    process.config_file.unlink()
    answer = process.get("/-/reload", method="POST")
    scrape = process.scrape_until_known(*CLASS_OF)
    assert outcome(scrape) == HEALTHY
    assert (answer.status, scrape.value(SUCCESSFUL)) == (500, 0)
    assert process.config_file.name in answer.text


def test_other_redis_is_shown_in_the_next_scrape_and_the_old_one_left(
    server: RealServer, redis8: RealServer, exporter: Callable
) -> None:
    with redis8.client() as client:
        client.xadd("elsewhere", {"n": 1})
    process = exporter("--web.enable-lifecycle", config=configuration(server.url))
    process.scrape_until_known(*CLASS_OF)
    process.write_config(configuration(redis8.url))
    assert process.get("/-/reload", method="POST").status == 200
    assert process.scrape().streams() == {"elsewhere"}
    with server.client() as client:
        wait_for(lambda: others(client) == 0, "the connections to the old server are closed")


def others(client: redis.Redis) -> int:
    """How many other clients a server has."""
    return len(client.client_list()) - 1


def test_reload_over_http_needs_its_flag_and_post(server: RealServer, exporter: Callable) -> None:
    config = configuration(server.url)
    closed, opened = exporter(config=config), exporter("--web.enable-lifecycle", config=config)
    for process in (closed, opened):
        process.write_config(classed(server.url, "event"))
    methods = ("GET", "HEAD", "PUT", "DELETE", "POST")
    answers = {
        "closed": [closed.get("/-/reload", method=method).status for method in methods],
        "opened": [opened.get("/-/reload", method=method).status for method in methods],
    }
    assert answers == {"closed": [404] * 5, "opened": [405, 405, 405, 405, 200]}
    closed.scrape_until_known(*CLASS_OF)
    opened.scrape_until_known(*CLASS_OF)
    assert classes(closed) == set(CLASS_OF.values())
    assert classes(opened) == {"event"}


def test_a_stream_that_is_declared_anew_is_asked_for_though_the_keyspace_cannot_be_walked(
    server: RealServer, exporter: Callable, reload: Callable
) -> None:
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "walker", "on", ">secret", "~*", "+@all", "-scan")
    there = next(iter(CLASS_OF))
    config = configuration(server.url) | {"streams": [{"match": there, "class": "event"}]}
    config["redis"] |= {"username": "walker", "password": "secret"}
    process = exporter("--web.enable-lifecycle", config=config)
    first = process.scrape()
    assert first["redis_stream_exists"] == {(there, "event"): 1}
    assert first["streamgauge_streams_dropped"] == {}

    config["streams"].append({"match": "new", "class": "continuous", "quiet_limit": "42s"})
    process.write_config(config)
    reload(process)
    assert process.scrape()["redis_stream_exists"] == {
        (there, "event"): 1,
        ("new", "continuous"): 0,
    }
