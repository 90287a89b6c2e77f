# ruff: noqa: E501  (each sentence stands on one line, as the user reads it)
"""Every mistake in a file is told with its path, its line, what was found and what is allowed."""

import textwrap

import pytest

from streamgauge.config import ConfigError, load_config
from streamgauge.config import document as document_module

SERVER = "redis: {url: redis://h}\n"


@pytest.fixture
def problems(tmp_path):
    def problems_of(text: str | bytes, **environ: str) -> list[str]:
        path = tmp_path / "config.yml"
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        with pytest.raises(ConfigError) as error:
            load_config(path, environ=environ)
        assert error.value.source == str(path)
        return [str(problem).replace(str(tmp_path), "DIR") for problem in error.value.problems]

    return problems_of


def stream(rest: str) -> str:
    return f"{SERVER}streams:\n  - {{match: s, {rest}}}\n"


FORM = {
    "a list": (
        "[1, 2]",
        [
            "line 1: found a list, allowed: a mapping such as redis: ...",
        ],
    ),
    "text": (
        "hello",
        [
            "line 1: found text, allowed: a mapping such as redis: ...",
        ],
    ),
    "broken": (
        "redis:\n  url: [a\nstreams: {}\n",
        [
            "line 3: not valid YAML at column 8: expected ',' or ']', but got ':'",
        ],
    ),
    "tab": (
        "redis:\n\turl: x\n",
        [
            "line 2: not valid YAML at column 1: found character '\\t' that cannot start any token",
        ],
    ),
    "two documents": (
        "redis: {}\n---\nredis: {}\n",
        [
            "line 2: not valid YAML at column 1: but found another document",
        ],
    ),
    "control character": (
        "redis: \x07\n",
        [
            "line 1: not valid YAML at column 8: '\\x07' is not allowed",
        ],
    ),
    "not UTF-8": (
        b"redis: \xff\n",
        [
            "not UTF-8 text: byte 7 is not valid",
        ],
    ),
    "alias": (
        "redis: {password: *hunter2}\n",
        [
            "line 1: not valid YAML at column 19: text that starts with * must be in quotes",
        ],
    ),
    "tag": (
        "redis: {password: !hunter2 x}\n",
        [
            "line 1: not valid YAML at column 19: text that starts with ! must be in quotes",
        ],
    ),
    "anchor": (
        "redis: {url: &hunter2 a, password: &hunter2 b}\n",
        [
            "line 1: not valid YAML at column 36: text that starts with & must be in quotes",
        ],
    ),
    "impossible date": (
        "redis: {name: 2026-02-30}\n",
        [
            "not valid YAML: a value that looks like a date or number is none; put it in quotes",
        ],
    ),
    "deep": (
        "[" * 20_000,
        [
            "not valid YAML: nested too deeply",
        ],
    ),
    "deep and closed": (
        "a: " + "[" * 100_000 + "]" * 100_000,
        [
            "not valid YAML: nested too deeply",
        ],
    ),
    "duplicate key": (
        "redis: {url: redis://h}\nstreams:\n  - match: s\n    class: event\n    match: t\n",
        [
            "streams[0].match (line 5): given twice, first on line 3",
        ],
    ),
    "list as key": (
        "redis: {url: redis://h}\n? [a]\n: b\n",
        [
            "line 2: found a list or mapping as a key, allowed: text",
        ],
    ),
    "number as key": (
        "redis: {url: redis://h}\ndiscovery: {5: b}\n",
        [
            "discovery.5 (line 2): unknown key, allowed: match, interval, max_streams, max_consumers",
        ],
    ),
    "contains itself": (
        "redis: {url: redis://h}\ndiscovery: &a {match: *a}\n",
        [
            "discovery.match (line 2): found a mapping, allowed: a list",
        ],
    ),
}

KEYS = {
    "top": (
        "redis: {url: redis://h}\nstream: []\n",
        [
            "stream (line 2): unknown key, allowed: redis, classes, streams, keys, discovery; did you mean 'streams'?",
        ],
    ),
    "stream": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: event, quietlimit: 5m}\n",
        [
            "streams[0].quietlimit (line 3): unknown key, allowed: match, ignore, class, quiet_limit, lag_limit, active, groups; did you mean 'quiet_limit'?",
        ],
    ),
    "group": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: event, groups: [{match: g, lag: 5m}]}\n",
        [
            "streams[0].groups[0].lag_limit (line 3): missing",
            "streams[0].groups[0].lag (line 3): unknown key, allowed: match, lag_limit",
        ],
    ),
    "class": (
        "redis: {url: redis://h}\nclasses: {continous: {}}\n",
        [
            "classes.continous (line 2): unknown key, allowed: continuous, hybrid, event; did you mean 'continuous'?",
        ],
    ),
    "redis in a list": (
        "redis:\n  - {url: redis://h}\n  - {url: redis://i, usrname: x}\n",
        [
            "redis[1].usrname (line 3): unknown key, allowed: mode, sentinel, url, username, password, password_file, timeout, tls, name; did you mean 'username'?",
        ],
    ),
}

STREAMS = {
    "class": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: continous}\n",
        [
            "streams[0].class (line 3): found 'continous', allowed: continuous, hybrid, event, unclassified; did you mean 'continuous'?",
        ],
    ),
    "class of another kind": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: [event]}\n",
        [
            "streams[0].class (line 3): found a list, allowed: continuous, hybrid, event, unclassified",
        ],
    ),
    "no class": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, lag_limit: 5m}\n",
        [
            "streams[0].class (line 3): missing, allowed: continuous, hybrid, event, unclassified; or ignore: true in its place",
        ],
    ),
    "not ignored and no class": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, ignore: false}\n",
        [
            "streams[0].class (line 3): missing, allowed: continuous, hybrid, event, unclassified; or ignore: true in its place",
        ],
    ),
    "ignored with the rest": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, ignore: true, class: event, lag_limit: 5m}\n",
        [
            "streams[0].class (line 3): an ignored stream is not exported, so it has no class; remove class or ignore",
            "streams[0].lag_limit (line 3): an ignored stream is not exported, so it has no lag_limit; remove lag_limit or ignore",
        ],
    ),
    "ignore": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, ignore: yess}\n",
        [
            "streams[0].ignore (line 3): found 'yess', allowed: true, false",
        ],
    ),
    "no match": (
        "redis: {url: redis://h}\nstreams: [{class: event}]",
        [
            "streams[0].match (line 2): missing",
        ],
    ),
    "match": (
        "redis: {url: redis://h}\nstreams:\n  - {match: 5, class: event}\n",
        [
            "streams[0].match (line 3): found 5, allowed: text in quotes",
        ],
    ),
    "empty match": (
        "redis: {url: redis://h}\nstreams:\n  - {match: '', class: event}\n",
        [
            "streams[0].match (line 3): found '', allowed: text that is not empty",
        ],
    ),
    "bracket": (
        "redis: {url: redis://h}\nstreams:\n  - {match: 'a[b', class: event}\n",
        [
            "streams[0].match (line 3): found 'a[b': the pattern has a [ without its ]; write \\[ for the character itself",
        ],
    ),
    "backslash": (
        "redis: {url: redis://h}\nstreams:\n  - {match: 'a\\', class: event}\n",
        [
            "streams[0].match (line 3): found 'a\\\\': the pattern ends in a backslash that escapes nothing",
        ],
    ),
    "surrogate": (
        'redis: {url: redis://h}\nstreams:\n  - {match: "a\\uD800", class: event}\n',
        [
            "streams[0].match (line 3): found 'a\\ud800': holds half a surrogate pair, which no name can contain",
        ],
    ),
    "not a list": (
        "redis: {url: redis://h}\nstreams: {match: s}",
        [
            "streams (line 2): found a mapping, allowed: a list",
        ],
    ),
    "not a mapping": (
        "redis: {url: redis://h}\nstreams: [s]",
        [
            "streams[0] (line 2): found text, allowed: a mapping",
        ],
    ),
    "quiet_limit, hybrid": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: hybrid, quiet_limit: 5m}\n",
        [
            "streams[0].quiet_limit (line 3): only class continuous has a quiet limit: a hybrid stream may be silent, so silence has no limit",
        ],
    ),
    "quiet_limit, event": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: event, quiet_limit: 5}\n",
        [
            "streams[0].quiet_limit (line 3): only class continuous has a quiet limit: an event stream may be silent for ever, so silence has no limit",
        ],
    ),
    "unclassified": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: unclassified, quiet_limit: 5m, lag_limit: none, active: {}, groups: [{match: g, lag_limit: 5m}]}\n",
        [
            "streams[0].quiet_limit (line 3): only class continuous has a quiet limit: nobody has said yet whether an unclassified stream may be silent",
            "streams[0].lag_limit (line 3): an unclassified stream never pages, so it has no limits; give it a class first",
            "streams[0].active (line 3): active hours bound the quiet limit, and only class continuous has a quiet limit: nobody has said yet whether an unclassified stream may be silent",
            "streams[0].groups (line 3): an unclassified stream never pages, so it has no limits; give it a class first",
        ],
    ),
    "classes": (
        "redis: {url: redis://h}\nclasses:\n  hybrid: {quiet_limit: 5m}\n  event: {quiet_limit: 5m}\n  unclassified: {lag_limit: 5m}\n  continuous: {quiet_limit: none}\n",
        [
            "classes.hybrid.quiet_limit (line 3): only class continuous has a quiet limit: a hybrid stream may be silent, so silence has no limit",
            "classes.event.quiet_limit (line 4): only class continuous has a quiet limit: an event stream may be silent for ever, so silence has no limit",
            "classes.unclassified (line 5): an unclassified stream never pages, so it has no limits; give it a class first",
            "classes.continuous.quiet_limit (line 6): found 'none', but a continuous stream always has a quiet limit; write class: hybrid for one that may be silent",
        ],
    ),
    "active hours": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: continuous, active: {days: mun, hours: 570, timezone: Europe/Pari}}\n",
        [
            "streams[0].active.days (line 3): found 'mun', allowed: mon, tue, wed, thu, fri, sat, sun, a range such as mon-fri, a list such as sat,sun; did you mean 'sun'?",
            'streams[0].active.hours (line 3): found 570, allowed: text such as "09:30-16:00"',
            "streams[0].active.timezone (line 3): found 'Europe/Pari', allowed: a time zone such as UTC or Europe/Paris; did you mean 'Europe/Paris'?",
        ],
    ),
}

DURATIONS = {
    "no unit": (
        "30",
        "found 30 without a unit, write 30s",
    ),
    "no unit, long": (
        "300",
        "found 300 without a unit, write 300s",
    ),
    "no unit, in quotes": (
        "'30'",
        "found '30' without a unit, write 30s",
    ),
    "zero": (
        "0",
        "found 0, allowed: a duration longer than 0, such as 30s",
    ),
    "zero seconds": (
        "0s",
        "found '0s', allowed: a duration longer than 0, such as 30s",
    ),
    "negative": (
        "-5",
        "found -5, allowed: a duration longer than 0, such as 30s",
    ),
    "negative text": (
        "-5m",
        "found '-5m', allowed: a duration such as 30s, 5m or 1h30m (units y w d h m s ms, the largest first)",
    ),
    "nothing": (
        "",
        "found nothing, allowed: a duration such as 30s, 5m or 1h30m",
    ),
    "truth": (
        "true",
        "found true, allowed: a duration such as 30s, 5m or 1h30m",
    ),
    "a list": (
        "[5m]",
        "found a list, allowed: a duration such as 30s, 5m or 1h30m",
    ),
    "words": (
        "soon",
        "found 'soon', allowed: a duration such as 30s, 5m or 1h30m (units y w d h m s ms, the largest first)",
    ),
}

DISCOVERY = {
    "match is text": (
        "match: a*",
        "discovery.match (line 2): found 'a*', allowed: a list; write [\"a*\"]",
    ),
    "nothing watched": (
        "match: []",
        "discovery.match (line 2): empty, and streams names no stream exactly, so nothing would be watched",
    ),
    "max_streams": (
        "max_streams: 0",
        "discovery.max_streams (line 2): found 0, allowed: a whole number, 1 or more",
    ),
    "max_consumers": (
        "max_consumers: -1",
        "discovery.max_consumers (line 2): found -1, allowed: a whole number, 0 or more",
    ),
    "a count is text": (
        "max_consumers: many",
        "discovery.max_consumers (line 2): found 'many', allowed: a whole number, 0 or more",
    ),
}

REDIS = {
    "nothing": (
        "{}",
        [
            "redis.url (line 1): no Redis to read: give --redis.url, STREAMGAUGE_REDIS_URL or redis.url in a file",
        ],
    ),
    "text": (
        "redis://u:hunter2@h",
        [
            "redis (line 1): found text, allowed: a mapping",
        ],
    ),
    "number": (
        "5",
        [
            "redis (line 1): found 5, allowed: a mapping",
        ],
    ),
    "scheme": (
        "{url: 'rediss//hunter2@h'}",
        [
            "redis.url (line 1): has no scheme, allowed: redis://host:port/db, rediss://host:port/db, unix:///path",
        ],
    ),
    "another scheme": (
        "{url: 'redi://u:hunter2@h'}",
        [
            "redis.url (line 1): has an unknown scheme, allowed: redis://host:port/db, rediss://host:port/db, unix:///path; did you mean 'redis'?",
        ],
    ),
    "not text": (
        "{url: 6379}",
        [
            "redis.url (line 1): found a number or date, allowed: text such as redis://127.0.0.1:6379",
        ],
    ),
    "a list": (
        "{url: [hunter2]}",
        [
            "redis.url (line 1): found a list, allowed: text such as redis://127.0.0.1:6379",
        ],
    ),
    "no host": (
        "{url: 'redis://'}",
        [
            "redis.url (line 1): names no host, allowed: redis://host:port/db, rediss://host:port/db",
        ],
    ),
    "port": (
        "{url: 'redis://u:hunter/2@h'}",
        [
            "redis.url (line 1): has a wrong port, allowed: 1 to 65535; write / ? # @ : in a user name or password as %2F %3F %23 %40 %3A",
        ],
    ),
    "port 0": (
        "{url: 'redis://h:0'}",
        [
            "redis.url (line 1): has a wrong port, allowed: 1 to 65535",
        ],
    ),
    "brackets": (
        "{url: 'redis://[::1'}",
        [
            "redis.url (line 1): is not a valid URL, allowed: redis://host:port/db, rediss://host:port/db, unix:///path",
        ],
    ),
    "fragment": (
        "{url: 'redis://u:hunter#2@h'}",
        [
            "redis.url (line 1): has a #, which a URL of a server cannot have; write / ? # @ : in a user name or password as %2F %3F %23 %40 %3A",
        ],
    ),
    "query": (
        "{url: 'redis://h?db=1'}",
        [
            "redis.url (line 1): has options after ?, which are not supported",
        ],
    ),
    "database": (
        "{url: 'redis://h/one'}",
        [
            "redis.url (line 1): has a wrong database: the path must be a number such as 0",
        ],
    ),
    "database behind a login": (
        "{url: 'redis://u:hun/ter2@h/1'}",
        [
            "redis.url (line 1): has a wrong port, allowed: 1 to 65535; write / ? # @ : in a user name or password as %2F %3F %23 %40 %3A",
        ],
    ),
    "options behind a login": (
        "{url: 'redis://u:hunter2@h?db=1'}",
        [
            "redis.url (line 1): has options after ?, which are not supported; write / ? # @ : in a user name or password as %2F %3F %23 %40 %3A",
        ],
    ),
    "socket": (
        "{url: 'unix://run/redis.sock'}",
        [
            "redis.url (line 1): names no socket, allowed: unix:///path/to/redis.sock, with three slashes",
        ],
    ),
    "socket option": (
        "{url: 'unix:///s?hunter2=1'}",
        [
            "redis.url (line 1): has an option that is not supported, allowed: ?db=NUMBER",
        ],
    ),
    "password is a number": (
        "{url: 'redis://h', password: 12345}",
        [
            "redis.password (line 1): found a number or date, allowed: text (in quotes where YAML would read a number)",
        ],
    ),
    "password is a mapping": (
        "{url: 'redis://h', password: {hunter2: 1}}",
        [
            "redis.password (line 1): found a mapping, allowed: text (in quotes where YAML would read a number)",
        ],
    ),
    "password is empty": (
        "{url: 'redis://h', password: ''}",
        [
            "redis.password (line 1): empty; leave the key out for no password",
        ],
    ),
    "password_file": (
        "{url: 'redis://h', password_file: none.txt}",
        [
            "redis.password_file (line 1): cannot read 'DIR/none.txt': No such file or directory",
        ],
    ),
    "password_file is a folder": (
        "{url: 'redis://h', password_file: .}",
        [
            "redis.password_file (line 1): cannot read 'DIR': Is a directory",
        ],
    ),
    "mode": (
        "{url: 'redis://h', mode: clster}",
        [
            "redis.mode (line 1): found 'clster', allowed: standalone, cluster, sentinel; did you mean 'cluster'?",
        ],
    ),
    "sentinel without nodes": (
        "{mode: sentinel}",
        [
            "redis.sentinel (line 1): missing: mode sentinel needs the service and its nodes",
        ],
    ),
    "sentinel is empty": (
        "{sentinel: {}}",
        [
            "redis.sentinel.service (line 1): missing",
            "redis.sentinel.nodes (line 1): missing",
        ],
    ),
    "nodes are empty": (
        "{sentinel: {service: m, nodes: []}}",
        [
            "redis.sentinel.nodes (line 1): found an empty list, allowed: at least one",
        ],
    ),
    "nodes are wrong": (
        "{sentinel: {service: m, nodes: ['a:0', 'u:hunter2@h', 5, 'a b']}}",
        [
            "redis.sentinel.nodes[0] (line 1): found 'a:0', allowed: host:port, such as 127.0.0.1:26379",
            "redis.sentinel.nodes[1] (line 1): found an address with / or @, allowed: host:port, such as 127.0.0.1:26379; put the login in username and password",
            "redis.sentinel.nodes[2] (line 1): found 5, allowed: host:port in quotes",
            "redis.sentinel.nodes[3] (line 1): found 'a b', allowed: host:port, such as 127.0.0.1:26379",
        ],
    ),
    "sentinel in a cluster": (
        "{mode: cluster, sentinel: {service: m, nodes: [a]}, url: 'redis://h'}",
        [
            "redis.sentinel (line 1): given, but mode is cluster; write mode: sentinel or remove one of them",
        ],
    ),
    "sentinels and a host": (
        "{sentinel: {service: m, nodes: [a]}, url: 'redis://h'}",
        [
            "redis.url (line 1): names a server, but the sentinels do that; write redis:///0 or leave it out",
        ],
    ),
    "cluster database": (
        "{mode: cluster, url: 'redis://h/1'}",
        [
            "redis.url (line 1): has a database, but a cluster only has database 0",
        ],
    ),
    "cluster socket": (
        "{mode: cluster, url: 'unix:///s'}",
        [
            "redis.url (line 1): is a unix socket, but the nodes of a cluster are reached by host and port",
        ],
    ),
    "tls without rediss": (
        "{url: 'redis://h', tls: {}}",
        [
            "redis.tls (line 1): given, but the url starts with redis://; write rediss:// for TLS",
        ],
    ),
    "tls without url": (
        "{sentinel: {service: m, nodes: [a]}, tls: {}}",
        [
            "redis.tls (line 1): given without a url; write url: rediss:/// to reach the server over TLS",
        ],
    ),
    "cert without key": (
        "{url: 'rediss://h', tls: {cert_file: config.yml}}",
        [
            "redis.tls.key_file (line 1): cert_file is given without key_file; a client certificate needs both",
        ],
    ),
    "key without cert": (
        "{url: 'rediss://h', tls: {key_file: config.yml}}",
        [
            "redis.tls.key_file (line 1): key_file is given without cert_file; a client certificate needs both",
        ],
    ),
    "ca_file": (
        "{url: 'rediss://h', tls: {ca_file: none.pem}}",
        [
            "redis.tls.ca_file (line 1): cannot read 'DIR/none.pem': No such file or directory",
        ],
    ),
    "skip": (
        "{url: 'rediss://h', tls: {insecure_skip_verify: maybe}}",
        [
            "redis.tls.insecure_skip_verify (line 1): found 'maybe', allowed: true, false",
        ],
    ),
    "name": (
        "{url: 'redis://h', name: 5}",
        [
            "redis.name (line 1): found 5, allowed: text in quotes",
        ],
    ),
    "same name": (
        "[{url: 'redis://h', name: a}, {url: 'redis://i', name: a}]",
        [
            "redis[1].name (line 1): 'a' is already the name of another server; give each its own name",
        ],
    ),
    "same address": (
        "[{url: 'redis://h'}, {url: 'redis://h:6379/1'}]",
        [
            "redis[1].name (line 1): 'h:6379' is already the name of another server; give each its own name",
        ],
    ),
    "one wrong in a list": (
        "[{url: 'redis://h'}, {}]",
        [
            "redis[1].url (line 1): no Redis to read: give --redis.url, STREAMGAUGE_REDIS_URL or redis.url in a file",
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), FORM.values(), ids=FORM)
def test_a_file_of_the_wrong_form_is_told_by_line_and_column(problems, text, expected):
    assert problems(text) == expected


@pytest.mark.parametrize(("text", "expected"), KEYS.values(), ids=KEYS)
def test_an_unknown_key_is_told_with_the_nearest_known_one(problems, text, expected):
    assert problems(text) == expected


@pytest.mark.parametrize(("text", "expected"), STREAMS.values(), ids=STREAMS)
def test_a_wrong_stream_rule_is_told_with_its_reason(problems, text, expected):
    assert problems(text) == expected


@pytest.mark.parametrize(("value", "sentence"), DURATIONS.values(), ids=DURATIONS)
def test_a_wrong_duration_is_told_with_the_right_one(problems, value, sentence):
    found = problems(f"{SERVER}discovery:\n  interval: {value}\n")
    assert found == [f"discovery.interval (line 3): {sentence}"]


@pytest.mark.parametrize(("value", "expected"), DISCOVERY.values(), ids=DISCOVERY)
def test_wrong_discovery_is_told(problems, value, expected):
    assert problems(f"{SERVER}discovery: {{{value}}}\n") == [expected]


@pytest.mark.parametrize(("value", "expected"), REDIS.values(), ids=REDIS)
def test_a_wrong_server_is_told_without_any_secret(problems, value, expected):
    found = problems(f"redis: {value}\n")
    assert found == expected
    assert "hunter" not in "".join(found)
    assert "12345" not in "".join(found)


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(problems):
    found = problems(
        """
        redis:
          url: redis://h:x
          timeout: 5
          tls: {ca_file: none}
        discovery: {match: [], interval: 0}
        classes: {hybrid: {lag_limit: 5}}
        streams:
          - {match: "[", class: hybird, lag_limit: 1}
          - {match: a, class: event, quiet_limit: 5m, colour: red}
        """
    )
    assert [line.partition(":")[0] for line in found] == [
        "redis.url (line 3)",
        "redis.timeout (line 4)",
        "redis.tls.ca_file (line 5)",
        "discovery.interval (line 6)",
        "classes.hybrid.lag_limit (line 7)",
        "streams[0].match (line 9)",
        "streams[0].class (line 9)",
        "streams[0].lag_limit (line 9)",
        "streams[1].quiet_limit (line 10)",
        "streams[1].colour (line 10)",
    ]


@pytest.mark.parametrize("name", ["none.yml", ".", "file.yml/below.yml"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, name):
    (tmp_path / "file.yml").write_text("")
    with pytest.raises(ConfigError) as error:
        load_config(tmp_path / name, environ={})
    reason = {
        "none.yml": "No such file or directory",
        ".": "Is a directory",
        "file.yml/below.yml": "Not a directory",
    }[name]
    assert str(error.value) == f"{tmp_path / name}: cannot be read: {reason}"


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\xff", "not UTF-8 text"), (b"\n", "the file is empty")]
)
def test_a_password_file_without_a_password_is_refused(problems, tmp_path, content, reason):
    (tmp_path / "password").write_bytes(content)
    assert problems("redis: {url: 'redis://h', password_file: password}") == [
        f"redis.password_file (line 1): cannot use 'DIR/password': {reason}"
    ]


def test_a_long_value_is_cut(problems):
    (found,) = problems(stream(f"class: {'x' * 100}"))
    assert f"found '{'x' * 56}..., allowed" in found


def test_the_words_do_not_depend_on_the_parser_that_is_installed(problems, monkeypatch):
    monkeypatch.setattr(document_module, "_FAST_LOADER", document_module.yaml.SafeLoader)
    assert problems(FORM["tab"][0]) == FORM["tab"][1]


def test_an_error_of_the_parser_without_a_place_is_still_one_sentence():
    problem = document_module._syntax_problem(document_module.yaml.YAMLError(), "")
    assert str(problem) == "not valid YAML"
