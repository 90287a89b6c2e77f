# ruff: noqa: E501  (each sentence stands on one line, as the user reads it)
"""Every mistake in a file is told with its path, its line, what was found and what is allowed."""

import pytest

SERVER = "redis: {url: redis://h}\n"


def stream(rest: str) -> str:
    return f"{SERVER}streams:\n  - {{match: s, {rest}}}\n"


KEYS = {
    "top": (
        "redis: {url: redis://h}\nstream: []\n",
        [
            "stream (line 2): unknown key, allowed: redis, classes, calendars, streams, keys, reactions, discovery, state_file; did you mean 'streams'?",
        ],
    ),
    "stream": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: event, quietlimit: 5m}\n",
        [
            "streams[0].quietlimit (line 3): unknown key, allowed: match, ignore, class, quiet_limit, lag_limit, active, groups, redis, length_limit, labels; did you mean 'quiet_limit'?",
        ],
    ),
    "group": (
        "redis: {url: redis://h}\nstreams:\n  - {match: s, class: event, groups: [{match: g, lag: 5m}]}\n",
        [
            "streams[0].groups[0].lag (line 3): unknown key, allowed: match, lag_limit, ack_limit, optional",
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
            "redis[1].usrname (line 3): unknown key, allowed: mode, sentinel, url, username, password, password_file, password_command, credential_provider, timeout, tls, cluster, name; did you mean 'username'?",
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


@pytest.mark.parametrize(("text", "expected"), KEYS.values(), ids=KEYS)
def test_an_unknown_key_is_told_with_the_nearest_known_one(problems, text, expected):
    assert problems(text) == expected


@pytest.mark.parametrize(("value", "sentence"), DURATIONS.values(), ids=DURATIONS)
def test_a_wrong_duration_is_told_with_the_right_one(problems, value, sentence):
    found = problems(f"{SERVER}discovery:\n  interval: {value}\n")
    assert found == [f"discovery.interval (line 3): {sentence}"]


@pytest.mark.parametrize(("value", "expected"), DISCOVERY.values(), ids=DISCOVERY)
def test_wrong_discovery_is_told(problems, value, expected):
    assert problems(f"{SERVER}discovery: {{{value}}}\n") == [expected]


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


def test_a_long_value_is_cut(problems):
    (found,) = problems(stream(f"class: {'x' * 100}"))
    assert f"found '{'x' * 56}..., allowed" in found
