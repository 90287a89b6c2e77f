"""The tests' own tools: servers that start, freeze and come back, and a model that is right."""

from collections.abc import Callable

import pytest
import redis

from support.history import History
from support.metrics import Between, Scrape
from support.oracle import StreamId
from support.servers import HIGHEST_PORT, RealServer

TEXT = """\
# HELP redis_stream_length XLEN
# TYPE redis_stream_length gauge
redis_stream_length{class="event",redis="main",db="db0",stream="s1"} 3
redis_stream_length{redis="main",db="db0",stream="s2",class="event"} 4
# HELP redis_stream_entries_added_total All
# TYPE redis_stream_entries_added_total counter
redis_stream_entries_added_total{redis="main",db="db0",stream="s1",class="event"} 9
"""


def test_scrape_reads_as_data_whatever_the_order_of_labels() -> None:
    scrape = Scrape(TEXT)
    assert scrape["redis_stream_length"] == {("s1", "event"): 3, ("s2", "event"): 4}
    assert scrape["redis_stream_groups"] == {}
    assert scrape.types["redis_stream_entries_added_total"] == "counter"
    assert scrape.of("s1") == {
        "redis_stream_length": {("event",): 3},
        "redis_stream_entries_added_total": {("event",): 9},
    }


def test_scrape_refuses_the_same_series_twice() -> None:
    line = TEXT.splitlines()[2] + "\n"
    with pytest.raises(AssertionError, match="twice"):
        Scrape(TEXT.replace(line, line * 2))


def test_between_stands_for_a_number_in_an_expected_series() -> None:
    assert {("a",): Between(1, 2)} == {("a",): 1.5}
    assert {("a",): Between(1, 2)} != {("a",): 2.5}


def test_stream_ids_order_as_integers() -> None:
    assert StreamId.parse("9-10") > StreamId.parse("9-9") > StreamId.parse("9")
    assert StreamId.parse("10-0") > StreamId.parse("9-99")


def test_server_is_the_release_that_its_name_says(server: RealServer) -> None:
    with server.client() as client:
        info = client.info("server")
    said = info.get("valkey_version", info["redis_version"])
    assert str(said).startswith(server.release.version + ".")
    assert info.get("server_name", "redis") == server.name.split("-")[0]
    assert server.port <= HIGHEST_PORT


def test_server_dies_and_comes_back_empty_on_its_port(start_server: Callable) -> None:
    server = start_server("redis-7.0")
    port = server.port
    with server.client() as client:
        client.set("a", 1)
    server.kill()
    with server.client() as client, pytest.raises(redis.ConnectionError):
        client.ping()
    server.restart()
    assert server.port == port
    with server.client() as client:
        assert client.exists("a") == 0


def test_frozen_server_accepts_and_never_answers(start_server: Callable) -> None:
    server = start_server("valkey-9.1", "--requirepass", "x", password="x")
    server.pause()
    with (
        server.client(socket_timeout=0.1, socket_connect_timeout=0.1) as client,
        pytest.raises(redis.TimeoutError),
    ):
        client.ping()
    server.resume()
    with server.client() as client:
        assert client.ping()


def test_history_knows_what_redis_holds(history: History) -> None:
    history.add("s", "5-1", count=3)
    ids = history.add("s", count=4)
    history.create_group("s", "g")
    read = history.read("s", "g", "a", 5)
    history.claim("s", "g", "b", read[1])
    history.acknowledge("s", "g", read[0])
    history.delete("s", ids[-1])
    history.trim("s", 2)
    model = history.streams["s"]
    stream = history.client.xinfo_stream("s")
    assert stream["length"] == len(model.entries)
    assert stream["last-generated-id"] == str(model.last_generated)
    assert stream.get("entries-added", model.added) == model.added
    (group,) = history.client.xinfo_groups("s")
    assert group["last-delivered-id"] == str(model.groups["g"].last_delivered)
    assert group["pending"] == len(model.groups["g"].pending)
    listed = {one["name"]: one["pending"] for one in history.client.xinfo_consumers("s", "g")}
    assert listed == {"a": 3, "b": 1}
    pending = history.client.xpending_range("s", "g", "-", "+", 9)
    assert {
        StreamId.parse(one["message_id"]): (one["consumer"], one["times_delivered"])
        for one in pending
    } == {id_: (one.consumer, one.deliveries) for id_, one in model.groups["g"].pending.items()}
