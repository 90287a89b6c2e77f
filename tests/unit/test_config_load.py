"""A right configuration is read as it is meant."""

from pathlib import Path
from socket import gethostname

import pytest

from streamgauge.config import (
    NO_LIMIT,
    ClassLimits,
    ConfigError,
    DiscoveryConfig,
    GroupRule,
    RedisConfig,
    SentinelConfig,
    StreamRule,
    TlsConfig,
    load_config,
)
from streamgauge.config.model import DEFAULT_CLASSES
from streamgauge.credentials import current
from streamgauge.policy import Policy, StreamClass
from streamgauge.schedule import Schedule

FULL = """
redis:
  name: quantum
  url: redis://127.0.0.1:6379/3
  username: exporter
  password: hunter2
  timeout: 2s
discovery:
  match: ["quantum:stream:*"]
  interval: 30s
  max_streams: 500
  max_consumers: 0
classes:
  continuous: {quiet_limit: 1m, lag_limit: 2m}
  hybrid:     {lag_limit: none}
streams:
  - match: quantum:stream:market.tick
    class: continuous
    quiet_limit: 30s
    active: {days: mon-fri, hours: "09:30-16:00", timezone: America/New_York}
  - match: "quantum:stream:*.intent"
    class: hybrid
    lag_limit: 10m
    groups:
      - {match: "nightly-*", lag_limit: 26h}
      - {match: "old-*", lag_limit: none}
  - {match: "rq:results:*", ignore: true}
  - {match: "later:*", class: unclassified}
"""


@pytest.fixture
def load(tmp_path):
    def load_text(text: str, **environ: str):
        path = tmp_path / "config.yml"
        path.write_text(text)
        return load_config(path, environ=environ)

    return load_text


def secret(server: RedisConfig) -> str | None:
    return current(server.password, 0).password if server.password else None


def test_a_whole_file_is_read_as_written(load):
    config = load(FULL)
    (server,) = config.redis
    assert (server.name, server.address, server.db) == ("quantum", "127.0.0.1:6379", 3)
    assert (server.username, secret(server), server.timeout_seconds) == ("exporter", "hunter2", 2)
    assert (server.mode, server.tls, server.sentinel) == ("auto", None, None)
    assert config.discovery == DiscoveryConfig(
        match=("quantum:stream:*",), interval_seconds=30, max_streams=500, max_consumers=0
    )
    assert config.discovery.patterns == (b"quantum:stream:*",)
    assert config.classes == {
        StreamClass.CONTINUOUS: ClassLimits(quiet_limit_seconds=60, lag_limit_seconds=120),
        StreamClass.HYBRID: ClassLimits(lag_limit_seconds=NO_LIMIT),
        StreamClass.EVENT: ClassLimits(lag_limit_seconds=300),
        StreamClass.UNCLASSIFIED: ClassLimits(),
    }
    assert config.streams == (
        StreamRule(
            match="quantum:stream:market.tick",
            stream_class=StreamClass.CONTINUOUS,
            quiet_limit_seconds=30,
            active=Schedule("mon-fri", "09:30-16:00", "America/New_York"),
        ),
        StreamRule(
            match="quantum:stream:*.intent",
            stream_class=StreamClass.HYBRID,
            lag_limit_seconds=600,
            groups=(
                GroupRule(match="nightly-*", lag_limit_seconds=26 * 3600),
                GroupRule(match="old-*", lag_limit_seconds=NO_LIMIT),
            ),
        ),
        StreamRule(match="rq:results:*", ignore=True),
        StreamRule(match="later:*"),
    )


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "null", "redis:\ndiscovery:\nclasses:\nstreams:\n"]
)
def test_an_empty_file_leaves_every_default(load, text):
    config = load(text, STREAMGAUGE_REDIS_URL="redis://h")
    assert config.redis == (RedisConfig(name="h:6379", host="h", port=6379),)
    assert config.discovery == DiscoveryConfig()
    assert config.classes == DEFAULT_CLASSES
    assert config.streams == ()


def test_empty_sections_of_a_class_or_stream_change_nothing(load):
    config = load(
        "redis: {url: rediss://h, tls: }\nclasses: {event: }\n"
        "streams: [{match: a, class: event, groups: , active: }]",
    )
    assert config.classes == DEFAULT_CLASSES
    assert config.redis[0].tls == TlsConfig()
    assert config.streams[0].groups == ()


def test_an_address_alone_is_enough():
    config = load_config(None, flags={"redis.url": "redis://h"}, environ={})
    assert [server.address for server in config.redis] == ["h:6379"]


def test_without_any_address_the_error_says_how_to_give_one():
    with pytest.raises(ConfigError) as error:
        load_config(None, environ={})
    assert str(error.value) == (
        "configuration: redis.url: no Redis to read: give --redis.url, STREAMGAUGE_REDIS_URL or "
        "redis.url in a file"
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h", RedisConfig(name="h:6379", host="h", port=6379)),
        ("redis://h:7000/2", RedisConfig(name="h:7000", host="h", port=7000, db=2)),
        ("redis://h/", RedisConfig(name="h:6379", host="h", port=6379)),
        ("redis://[::1]:7000", RedisConfig(name=f"{gethostname()}:7000", host="::1", port=7000)),
        ("REDIS://h", RedisConfig(name="h:6379", host="h", port=6379)),
        ("rediss://h", RedisConfig(name="h:6379", host="h", port=6379, tls=TlsConfig())),
        ("unix:///run/r.sock", RedisConfig(name="/run/r.sock", unix_path="/run/r.sock")),
        ("unix:///a%20b?db=4", RedisConfig(name="/a b", unix_path="/a b", db=4)),
        ("redis://me@h", RedisConfig(name="h:6379", host="h", port=6379, username="me")),
    ],
)
def test_a_url_says_where_the_server_is(url, expected):
    assert load_config(None, flags={"redis.url": url}, environ={}).redis == (expected,)


@pytest.mark.parametrize(
    ("url", "username", "password"),
    [
        ("redis://u:hunter2@h", "u", "hunter2"),
        ("redis://:hunter2@h", None, "hunter2"),
        ("redis://u%40x:p%2F%3A%40@h", "u@x", "p/:@"),
        ("redis://u:p@q@h", "u", "p@q"),
        ("unix://u:hunter2@/run/r.sock", "u", "hunter2"),
    ],
)
def test_a_login_in_the_url_is_decoded(url, username, password):
    (server,) = load_config(None, flags={"redis.url": url}, environ={}).redis
    assert (server.username, secret(server)) == (username, password)
    assert password not in f"{server.address} {server.name} {server!r}"


def test_a_password_file_wins_over_a_password_and_that_over_the_url(load, tmp_path):
    (tmp_path / "secret").write_bytes(b"from file \r\n")
    url = "url: redis://u:from-url@h"
    assert secret(load(f"redis: {{{url}}}").redis[0]) == "from-url"
    assert secret(load(f"redis: {{{url}, password: from-key}}").redis[0]) == "from-key"
    both = load(f"redis: {{{url}, username: v, password: from-key, password_file: secret}}").redis[
        0
    ]
    assert (both.username, secret(both)) == ("v", "from file ")


def test_a_password_file_is_read_again_by_each_load(load, tmp_path):
    text = "redis: {url: redis://h, password_file: secret}"
    for password in ("one", "two"):
        (tmp_path / "secret").write_text(password)
        assert secret(load(text).redis[0]) == password


def test_files_are_found_beside_the_configuration(load, tmp_path):
    for name in ("ca.pem", "c.pem", "k.pem"):
        (tmp_path / name).write_text("x")
    tls = "{ca_file: ca.pem, cert_file: c.pem, key_file: k.pem, server_name: r.example}"
    (server,) = load(f"redis: {{url: rediss://h, tls: {tls}}}").redis
    assert server.tls == TlsConfig(
        ca_file=str(tmp_path / "ca.pem"),
        cert_file=str(tmp_path / "c.pem"),
        key_file=str(tmp_path / "k.pem"),
        server_name="r.example",
    )


def test_sentinels_name_the_server(load, tmp_path):
    (tmp_path / "f").write_text("hunter2\n")
    (server,) = load(
        """
        redis:
          url: rediss://:p@/2
          sentinel:
            service: mymaster
            nodes: ["10.0.0.1", "[::1]:7"]
            username: u
            password_file: f
        """
    ).redis
    assert (server.mode, server.host, server.port, server.db) == ("sentinel", None, None, 2)
    assert (server.name, server.address) == ("mymaster", "mymaster@10.0.0.1:26379,[::1]:7")
    assert server.tls == TlsConfig()
    assert isinstance(server.sentinel, SentinelConfig)
    assert server.sentinel.nodes == (("10.0.0.1", 26379), ("::1", 7))
    assert current(server.sentinel.password, 0).password == "hunter2"


def test_sentinels_need_no_url(load):
    (server,) = load("redis: {mode: sentinel, sentinel: {service: m, nodes: [a]}}").redis
    assert (server.mode, server.tls, server.db, server.sentinel.password) == (
        "sentinel",
        None,
        0,
        None,
    )


def test_several_servers_each_have_a_name(load):
    config = load("redis: [{url: redis://h}, {url: redis://h, name: b}, {url: unix:///s}]")
    assert [server.name for server in config.redis] == ["h:6379", "b", "/s"]


def test_a_cluster_is_reached_through_any_node(load):
    (server,) = load("redis: {url: redis://h:7000, mode: cluster}").redis
    assert (server.mode, server.address) == ("cluster", "h:7000")


def test_anchors_and_merge_keys_work(load):
    config = load(
        """
        redis: {url: redis://h}
        streams:
          - &tick {match: a, class: continuous, quiet_limit: 30s}
          - {<<: *tick, match: b}
        """
    )
    assert [rule.match for rule in config.streams] == ["a", "b"]
    assert config.streams[1].quiet_limit_seconds == 30


def test_a_mistake_that_came_by_a_merge_key_is_told_where_it_stands(load):
    with pytest.raises(ConfigError) as error:
        load("streams:\n  - &a {match: a, class: event, lag_limit: 5}\n  - {<<: *a, match: b}\n",
             STREAMGAUGE_REDIS_URL="redis://h")  # fmt: skip
    assert [(problem.path, problem.line) for problem in error.value.problems] == [
        ("streams[0].lag_limit", 2),
        ("streams[1].lag_limit", 2),
    ]


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "c.yml"
    path.write_bytes(b"\xef\xbb\xbfredis: {url: redis://h}")
    assert load_config(path, environ={}).redis[0].name == "h:6379"


def test_discovery_may_be_off_when_streams_are_named(load):
    config = load(
        "redis: {url: redis://h}\ndiscovery: {match: []}\nstreams: [{match: a, class: event}]"
    )
    assert config.discovery.match == ()
    assert Policy.from_config(config).declared == (b"a",)


def test_names_that_are_not_unicode_can_be_declared(load):
    config = load(
        r'streams: [{match: "a\uDCFF\\*", class: event}]', STREAMGAUGE_REDIS_URL="redis://h"
    )
    assert Policy.from_config(config).declared == (b"a\xff*",)


def test_the_defaults_of_the_program_need_no_file_at_all():
    config = load_config(None, environ={"STREAMGAUGE_REDIS_URL": "redis://h"})
    assert Policy.from_config(config).resolve(b"any").stream_class is StreamClass.UNCLASSIFIED


def test_a_relative_path_to_the_configuration_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.yml").write_text("redis: {url: redis://h, password_file: p}")
    Path("p").write_text("x")
    assert secret(load_config(Path("c.yml"), environ={}).redis[0]) == "x"
