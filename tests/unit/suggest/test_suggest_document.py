"""The written configuration is valid, reaches the same servers, and holds no secret."""

import dataclasses
from pathlib import Path

import pytest
import yaml

from streamgauge.config import load_config
from streamgauge.policy import StreamClass
from streamgauge.suggest.document import Suggestion, document
from streamgauge.suggest.proposal import Proposal, Terms
from streamgauge.suggest.rules import rules_of

SECRET = "hunter2"
PROPOSALS = [
    Proposal(name=b"jobs", terms=Terms(StreamClass.EVENT, 300.0), class_reason="rare"),
    Proposal(name=b"new\nstreams: []", terms=None, class_reason="never written"),
]
SERVERS = {
    "an address": {"url": "redis://h:1/3"},
    "a login": {"url": f"redis://me:{SECRET}@h", "timeout": "700ms"},
    "a password": {"name": "the: one", "url": "redis://[::1]:7", "password": SECRET},
    "a socket": {"url": "unix:///run/my redis.sock?db=2"},
    "tls": {"url": "rediss://h", "tls": {"ca_file": "ca.pem", "server_name": "x"}},
    "unverified": {"url": "rediss://h", "tls": {"insecure_skip_verify": True}},
    "a cluster": {"url": "redis://h:7000", "mode": "cluster"},
    "sentinels": {
        "sentinel": {
            "service": "m", "nodes": ["10.0.0.1:26379", "s-2:1"], "username": "u",
            "password": SECRET,
        }
    },
    "sentinels, TLS, another database": {
        "url": "rediss:///4", "sentinel": {"service": "m", "nodes": ["[::1]:26379"]},
    },
}  # fmt: skip


def without_secrets(config):
    return tuple(
        dataclasses.replace(
            each,
            password=None,
            sentinel=each.sentinel and dataclasses.replace(each.sentinel, password=None),
        )
        for each in config.redis
    )


def written(tmp_path: Path, content: dict) -> tuple:
    source = tmp_path / "in.yml"
    (tmp_path / "ca.pem").write_text("x")
    source.write_text(yaml.safe_dump(content))
    config = load_config(source, environ={})
    suggestion = Suggestion(1.8e9, 10_000, rules_of(PROPOSALS, ()), PROPOSALS, ["one\ntwo"])
    text = document(config, suggestion)
    file = tmp_path / "sub" / "out.yml"
    file.parent.mkdir()
    file.write_text(text)
    return config, load_config(file, environ={}), text


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_every_kind_of_server_is_reached_again_without_its_secret(tmp_path, server):
    old, new, text = written(tmp_path, {"redis": server})
    assert without_secrets(new) == without_secrets(old)
    assert SECRET not in text
    assert ("not repeated" in text) == (SECRET in str(server))


def test_several_servers_are_a_list(tmp_path):
    servers = [each | {"name": str(n)} for n, each in enumerate(SERVERS.values())]
    old, new, text = written(tmp_path, {"redis": servers})
    assert without_secrets(new) == without_secrets(old)
    assert SECRET not in text
    assert "STREAMGAUGE_REDIS_PASSWORD" not in text


def test_what_was_set_otherwise_and_what_is_ignored_stays(tmp_path):
    old, new, text = written(
        tmp_path,
        {
            "redis": {"url": "redis://h"},
            "discovery": {"match": ["a:*", "[x]\n"], "interval": "7s", "max_consumers": 3},
            "classes": {"continuous": {"quiet_limit": "9m"}, "event": {"lag_limit": "none"}},
            "streams": [{"match": "rq:*", "ignore": True}, {"match": "x", "class": "event"}],
        },
    )
    assert (new.discovery, new.classes) == (old.discovery, old.classes)
    assert [(rule.match, rule.ignore) for rule in new.streams] == [("rq:*", True), ("jobs", False)]
    assert "# one\\ntwo" in text


def test_what_the_history_does_not_tell_is_a_comment(tmp_path):
    _, new, text = written(tmp_path, {"redis": {"url": "redis://h"}})
    assert [rule.match for rule in new.streams] == ["jobs"]
    assert "#   new\\nstreams: []: never written" in text


def test_with_nothing_to_discover_the_result_is_valid_even_without_rules(tmp_path):
    file = tmp_path / "in.yml"
    file.write_text(
        "redis: {url: redis://h}\ndiscovery: {match: []}\nstreams: [{match: a, class: event}]"
    )
    config = load_config(file, environ={})
    out = tmp_path / "out.yml"
    for proposals in (PROPOSALS, PROPOSALS[1:]):
        out.write_text(document(config, Suggestion(0.0, 10, rules_of(proposals), proposals)))
        assert load_config(out, environ={}).discovery.match == (
            () if proposals is PROPOSALS else ("*",)
        )


def test_keys_of_the_configuration_in_force_are_not_repeated_and_that_is_told(tmp_path):
    _, new, text = written(tmp_path, {"redis": {"url": "redis://h"}, "keys": [{"key": "leader"}]})
    assert new.keys == ()
    assert "section keys of the configuration in force is not repeated" in text
