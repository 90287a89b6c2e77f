# ruff: noqa: E501  (each sentence stands on one line, as the user reads it)
"""What is wrong with a rule of a stream is told with its path, its line, and what is allowed."""

import pytest

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
            "streams[0].quiet_limit (line 3): only class continuous has a quiet limit: an event stream may be silent forever, so silence has no limit",
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
            "classes.event.quiet_limit (line 4): only class continuous has a quiet limit: an event stream may be silent forever, so silence has no limit",
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


@pytest.mark.parametrize(("text", "expected"), STREAMS.values(), ids=STREAMS)
def test_a_wrong_stream_rule_is_told_with_its_reason(problems, text, expected):
    assert problems(text) == expected
