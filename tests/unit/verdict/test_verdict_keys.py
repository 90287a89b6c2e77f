"""A state key is alive, past its deadline, missing or unknown, and the reason says by how much."""

import pytest

from streamgauge.model.records import KeyCount
from streamgauge.verdict.judge import judge
from streamgauge.verdict.states import KeyState, Severity
from support.looks import key, look
from support.verdicts import shown

UNTIL, AT = {"field": b"until"}, {"field": b"at", "max_age": 600.0}


@pytest.mark.parametrize(
    ("fields", "state", "reason"),
    [
        ({}, KeyState.ALIVE, "it exists"),
        (
            UNTIL | {"deadline_seconds": 90.0},
            KeyState.ALIVE,
            "the deadline in until is 1m30s ahead",
        ),
        (UNTIL | {"deadline_seconds": 0.0}, KeyState.ALIVE, "the deadline in until is 0s ahead"),
        (
            UNTIL | {"deadline_seconds": -90.0},
            KeyState.DEADLINE_PASSED,
            "the deadline in until passed 1m30s ago",
        ),
        (
            AT | {"deadline_seconds": 540.0},
            KeyState.ALIVE,
            "refreshed 1m ago, says at; it counts as fresh for 10m",
        ),
        (
            AT | {"deadline_seconds": -60.0},
            KeyState.DEADLINE_PASSED,
            "refreshed 11m ago, says at; it counts as fresh for 10m",
        ),
        (
            UNTIL | {"error": "notime"},
            KeyState.DEADLINE_UNKNOWN,
            "until is missing or holds no Unix time",
        ),
        (
            UNTIL | {"error": "wrongtype"},
            KeyState.DEADLINE_UNKNOWN,
            "until could not be read (wrongtype)",
        ),
        (UNTIL | {"exists": 0}, KeyState.MISSING, "it does not exist"),
        ({"exists": None, "error": "noperm"}, KeyState.UNREADABLE, "could not be read (noperm)"),
    ],
)
def test_a_key(fields, state, reason):
    (verdict,) = judge(look(keys=[key(**fields)])).keys
    assert shown(verdict) == (state, reason)
    alive = state is KeyState.ALIVE
    assert verdict.severity is (Severity.OK if alive else Severity.WARNING)


@pytest.mark.parametrize(
    ("keys", "state", "reason"),
    [
        (0, KeyState.COUNTED, "no key matches"),
        (1, KeyState.COUNTED, "1 key matches"),
        (2000, KeyState.COUNTED, "2,000 keys match"),
        (None, KeyState.NOT_COUNTED, "the keyspace was not walked to its end"),
    ],
)
def test_a_pattern(keys, state, reason):
    verdict = judge(look(key_counts=[KeyCount(b"h:*", keys)]))
    (count,) = verdict.key_counts
    assert shown(count) == (state, reason)
    assert verdict.severity is Severity.OK


def test_problems_come_first_and_count():
    verdict = judge(look(keys=[key(b"a"), key(b"b", exists=0), key(b"c")]))
    assert [one.key.declared.name for one in verdict.keys] == [b"b", b"a", b"c"]
    assert verdict.severity is Severity.WARNING
