# ruff: noqa: E501  (each sentence stands on one line, as the user reads it)
"""What is wrong with a server is told without any secret."""

import pytest

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
            "redis.mode (line 1): found 'clster', allowed: auto, standalone, cluster, sentinel; did you mean 'cluster'?",
        ],
    ),
    "an address map of a single server": (
        '{mode: standalone, url: "redis://h:1", cluster: {address_map: {"a:1": "b:1"}}}',
        [
            "redis.cluster (line 1): given, but mode is standalone; write mode: cluster or remove it",
        ],
    ),
    "an address map without ports": (
        '{url: "redis://h:1", cluster: {address_map: {a: "b:1"}}}',
        [
            "redis.cluster.address_map (line 1): found 'a', allowed: host:port",
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


@pytest.mark.parametrize(("value", "expected"), REDIS.values(), ids=REDIS)
def test_a_wrong_server_is_told_without_any_secret(problems, value, expected):
    found = problems(f"redis: {value}\n")
    assert found == expected
    assert "hunter" not in "".join(found)
    assert "12345" not in "".join(found)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"\xff", "not UTF-8 text"), (b"\n", "the file is empty")]
)
def test_a_password_file_without_a_password_is_refused(problems, tmp_path, content, reason):
    (tmp_path / "password").write_bytes(content)
    assert problems("redis: {url: 'redis://h', password_file: password}") == [
        f"redis.password_file (line 1): cannot use 'DIR/password': {reason}"
    ]
