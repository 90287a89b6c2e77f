"""A whole sample, from connecting to the snapshot, on a server that lives in this process.

The server hangs up after every error reply, so what is missing or denied is tested on real ones.
"""

import threading
from contextlib import closing, contextmanager

import fakeredis
import pytest
import redis

from streamgauge.config import load_config
from streamgauge.policy import Policy
from streamgauge.source.target import Target

STREAMS = """
discovery: {match: ["s:*"], max_consumers: 2, interval: 1h}
streams:
  - {match: "s:feed*", class: continuous, quiet_limit: 30s}
  - {match: "s:event:*", class: event}
  - {match: "s:ignored*", ignore: true}
"""


@pytest.fixture(scope="module")
def port():
    server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis", server_version=(7, 0))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(port):
    with closing(redis.Redis(port=port)) as client:
        client.flushall()
        yield client


@contextmanager
def watching(port, tmp_path):
    file = tmp_path / "streamgauge.yml"
    file.write_text(f"redis: {{name: fake, url: 'redis://127.0.0.1:{port}'}}\n{STREAMS}")
    config = load_config(file, environ={})
    target = Target(config.redis[0], config.discovery, Policy.from_config(config))
    target.start()
    try:
        yield target
    finally:
        target.stop()


def test_streams_are_found_classified_and_read(client, port, tmp_path):
    client.xadd("s:feed", {"a": 1})
    client.xadd("s:event:1", {"a": 1})
    client.xadd("s:other", {"a": 1})
    client.xadd("s:ignored", {"a": 1})
    client.xadd("elsewhere", {"a": 1})
    with watching(port, tmp_path) as target:
        snapshot = target.sample(5)
    assert snapshot.up == 1
    assert [(s.name, s.stream_class, s.exists, s.length) for s in snapshot.streams] == [
        (b"s:event:1", "event", 1, 1),
        (b"s:feed", "continuous", 1, 1),
        (b"s:other", "unclassified", 1, 1),
    ]
    assert {c.stream_class: c.streams for c in snapshot.class_counts} == {
        "continuous": 1,
        "hybrid": 0,
        "event": 1,
        "unclassified": 1,
    }
    assert {errors.streams for errors in snapshot.error_counts} == {0}
    assert abs(snapshot.clock_offset_seconds) < 1


def test_the_second_round_completes_each_group(client, port, tmp_path):
    for i in range(1, 5):
        client.xadd("s:feed", {"a": i}, id=f"{i}-0")
    client.xgroup_create("s:feed", "ahead", id="0")
    client.xreadgroup("ahead", "c", {"s:feed": ">"}, count=2)
    client.xgroup_create("s:feed", "idle", id="$")
    client.xgroup_create("s:feed", "crowded", id="0")
    for consumer in ("a", "b", "c"):
        client.xgroup_createconsumer("s:feed", "crowded", consumer)
    with watching(port, tmp_path) as target:
        (feed,) = [s for s in target.sample(5).streams if s.name == b"s:feed"]
    groups = {group.name: group for group in feed.groups}
    assert {name: (g.lag, g.pending, g.consumers) for name, g in groups.items()} == {
        b"ahead": (2, 2, 1),
        b"idle": (0, 0, 0),
        b"crowded": (4, 0, 3),
    }
    assert groups[b"ahead"].oldest_pending_deliveries == 1
    assert [c.name for c in groups[b"ahead"].consumer_list] == [b"c"]
    assert groups[b"crowded"].consumer_list == ()


def test_a_fault_of_the_program_costs_the_scrape_and_nothing_more(
    client, port, tmp_path, monkeypatch
):
    client.xadd("s:feed", {"a": 1})
    with watching(port, tmp_path) as target:
        monkeypatch.setattr("streamgauge.source.session.read_node", lambda *_, **__: 1 / 0)
        assert target.sample(5).up == 0
        monkeypatch.undo()
        assert target.sample(5).up == 1
