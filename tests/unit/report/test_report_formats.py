"""A report says the same as a table, in Markdown and in colours."""

import re

from streamgauge.model.records import KeyCount
from streamgauge.report.markdown import markdown
from streamgauge.report.plain import plain_text
from streamgauge.report.sections import document
from streamgauge.report.status import status
from streamgauge.report.terminal import terminal_text
from support.looks import AT, CONTINUOUS, EVENT, MISSING, NEVER_WRITTEN, key, stream
from support.reported import BEFORE, SMALL
from support.verdicts import verdict_on


def test_the_plain_table():
    assert (
        plain_text(document([verdict_on(*SMALL, earlier=BEFORE)]))
        == """\
main (db0): works, with 1 warning: g on feed (behind)
2027-01-15 08:00:00 UTC, two looks, 5s apart

STREAM CLASSIFICATION
Stream  Class       State            Length  Last entry  Added in 5s  Why
feed    continuous  flowing               3     10s ago            2  \
last entry 10s ago; it may be silent for 30s
jobs    event       empty by design       0           –            –  \
event stream: empty is normal; 1 consumer group is ready

CONSUMER GROUP VERIFICATION
Stream  Consumer group  Consumers  State   Lag  Pending  Why
feed    g                       1  behind    4        0  \
4 entries wait, the oldest for 1m10s (limit 1m); a consumer asked for entries 1s ago; \
one look cannot tell whether it catches up
jobs    workers                 1  active    0        0  caught up: no entry waits

FINDINGS
None.

WHAT THIS CANNOT TELL
- Whether anything would ever publish to jobs: nothing has yet.
- Which service publishes to a stream, and who reads one without a group: Redis keeps no record of \
either.

"""
    )


def test_the_markdown():
    assert (
        markdown(document([verdict_on(*SMALL)], only_problems=True))
        == """\
# Redis Streams report: `main` (db0)

**Timestamp:** 2027-01-15 08:00:00 UTC\x20\x20
**Method:** one look\x20\x20
**Status:** ⚠️ works, with 1 warning: `g` on `feed` (behind)

## 1. Stream classification

No stream has a problem.

## 2. Consumer group verification

| Stream | Consumer group | Consumers | State | Lag | Pending | Why |
|---|---|---:|---|---:|---:|---|
| `feed` | `g` | 1 | ⚠️ behind | 4 | 0 | 4 entries wait, the oldest for 1m10s (limit 1m); \
a consumer asked for entries 1s ago; one look cannot tell whether it catches up |

## 3. Findings

None.

## 4. What this cannot tell

- Rates, growth and whether a cursor moves: one look cannot see them, two can.
- Whether anything would ever publish to `jobs`: nothing has yet.
- Which service publishes to a stream, and who reads one without a group: Redis keeps no record of \
either.

"""
    )


class TestTerminal:
    def test_states_are_coloured_by_their_severity(self):
        quiet = stream(CONTINUOUS, name=b"feed", age=99.0)
        text = terminal_text(document([verdict_on(quiet)]), 200)
        assert "\x1b[1;31mquiet" in text

    def test_what_is_too_long_is_wrapped_and_not_cut(self):
        text = terminal_text(document([verdict_on(*SMALL)]), 90)
        plain_text = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert max(len(line) for line in plain_text.splitlines()) <= 90
        assert "continuous" in plain_text


KEYS = {
    "keys": [
        key(b"policy", field=b"until", deadline_seconds=5400.0, ttl_seconds=7200.0),
        key(b"lost", exists=0),
    ],
    "key_counts": [KeyCount(b"hold:*", 1), KeyCount(b"lease:*", None)],
}


class TestStateKeys:
    def test_the_markdown(self):
        text = markdown(document([verdict_on(**KEYS)]))
        assert "works, with 1 warning: `lost` (key missing)" in text
        assert (
            """\
## 3. State keys

| Key | State | Expires | Why |
|---|---|---:|---|
| `lost` | ⚠️ key missing | – | it does not exist |
| `policy` | ✅ alive | in 2h | the deadline in `until` is 1h30m ahead |
| `hold:*` | ✅ counted | – | 1 key matches |
| `lease:*` | ❔ not counted | – | the keyspace was not walked to its end |

## 4. Findings
"""
            in text
        )

    def test_only_problems_leaves_the_rest_out(self):
        text = plain_text(document([verdict_on(**KEYS)], only_problems=True))
        assert "lost  key missing        –  it does not exist" in text
        assert "policy" not in text
        assert "hold" not in text
        calm = verdict_on(key_counts=KEYS["key_counts"])
        assert "No state key has a problem." in plain_text(document([calm], only_problems=True))

    def test_the_json(self):
        found = status([verdict_on(**KEYS)], AT)["redis"][0]
        assert found["keys"] == [
            {
                "key": "lost",
                "state": "key missing",
                "severity": "warning",
                "reason": "it does not exist",
                "exists": False,
                "ttl_seconds": None,
                "deadline_seconds": None,
            },
            {
                "key": "policy",
                "state": "alive",
                "severity": "ok",
                "reason": "the deadline in until is 1h30m ahead",
                "exists": True,
                "ttl_seconds": 7200.0,
                "deadline_seconds": 5400.0,
            },
        ]
        assert [(one["pattern"], one["keys"]) for one in found["keys_matching"]] == [
            ("hold:*", 1),
            ("lease:*", None),
        ]

    def test_where_none_is_declared_there_is_no_section(self):
        assert "State keys" not in markdown(document([verdict_on(*SMALL)]))


def test_a_missing_stream_has_dashes_and_no_zero():
    row = next(
        line
        for line in markdown(document([verdict_on(stream(CONTINUOUS, **MISSING))])).splitlines()
        if line.startswith("| `s`")
    )
    assert row.startswith("| `s` | continuous | ❌ missing | – | – |")


class TestIdsThatAreNoClocks:
    """Their ages count from the first look, so they are no more than a lower bound."""

    VERDICT = verdict_on(stream(EVENT, age=0.0, clock=False), stream(EVENT, name=b"timed"))

    def test_the_table_and_the_markdown_say_at_least(self):
        shown = document([self.VERDICT])
        for text in (plain_text(shown), terminal_text(shown, 200), markdown(shown)):
            assert text.count("at least 0s ago") == 1
            assert "at least 10s ago" not in text

    def test_the_json_says_so(self):
        streams = status([self.VERDICT], AT)["redis"][0]["streams"]
        assert {one["stream"]: one["age_is_least"] for one in streams} == {
            "s": True,
            "timed": False,
        }

    def test_where_there_is_no_age_there_is_no_bound(self):
        verdict = verdict_on(stream(EVENT, **MISSING), stream(EVENT, name=b"n", **NEVER_WRITTEN))
        streams = status([verdict], AT)["redis"][0]["streams"]
        assert [one["age_is_least"] for one in streams] == [None, None]
