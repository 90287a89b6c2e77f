"""A report says the same as a table, in Markdown and in colours."""

import pytest

from streamgauge.model.records import KeyCount
from streamgauge.report.markdown import markdown
from streamgauge.report.status import status
from streamgauge.report.text import is_colour_wanted, report_text
from streamgauge.report.view import view
from support.looks import AT, CONTINUOUS, EVENT, MISSING, NEVER_WRITTEN, group, key, stream
from support.reported import BEFORE, SMALL
from support.verdicts import verdict_on


def test_the_plain_table():
    assert (
        report_text([view(verdict_on(*SMALL, earlier=BEFORE))], 80)
        == """\
main (db0): works, with 1 warning: g on feed (behind)
2027-01-15 08:00:00 UTC, two looks, 5s apart

STREAMS
Name  State            Class       Length  Last entry  Added in 5s
feed  flowing          continuous       3     10s ago            2
  last entry 10s ago; it may be silent for 30s
jobs  empty by design  event            0       never            –
  event stream: empty is normal; 1 consumer group is ready

CONSUMER GROUPS
Name             State   Waiting  Pending  Consumers
g on feed        behind        4        0          1
  4 entries wait, the oldest for 1m10s (limit 1m); a consumer asked for entries
  1s ago; one look cannot tell whether it catches up
workers on jobs  active        0        0          1
  caught up: no entry waits

FINDINGS
None.

WHAT THIS CANNOT TELL
- Whether anything would ever publish to jobs: nothing has yet.
- Which service publishes to a stream, and who reads one without a group: Redis
  keeps no record of either.

More about one: streamgauge report --stream NAME [--group NAME]

"""
    )


def test_the_markdown():
    assert (
        markdown([view(verdict_on(*SMALL), only_problems=True)])
        == """\
# Redis Streams report: `main` (db0)

**Timestamp:** 2027-01-15 08:00:00 UTC\x20\x20
**Method:** one look\x20\x20
**Status:** ⚠️ works, with 1 warning: `g` on `feed` (behind)

## 1. Streams

No stream has a problem.

## 2. Consumer groups

| Stream | Group | State | Waiting | Pending | Consumers | Why |
|---|---|---|---:|---:|---:|---|
| `feed` | `g` | ⚠️ behind | 4 | 0 | 1 | 4 entries wait, the oldest for 1m10s (limit 1m); \
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
        text = report_text([view(verdict_on(quiet))], 200, is_coloured=True)
        assert "\x1b[1;31mquiet" in text

    @pytest.mark.parametrize("width", [60, 80, 120, 200])
    def test_every_line_fits_and_a_long_name_widens_no_other_row(self, width):
        names = [b"app:orders", b"app:jobs", b"app:" + b"long" * 30]
        streams = [stream(CONTINUOUS, group(), name=name) for name in names]
        text = report_text([view(verdict_on(*streams))], width)
        assert max(map(len, text.splitlines())) <= width
        assert "Names of streams below begin with app:\n" in text
        assert "\norders  flowing  " in text
        assert ("long" * 30)[:width] in text

    def test_what_all_names_begin_with_is_said_only_where_it_ends_at_a_separator(self):
        names = [b"orders", b"order"]
        text = report_text([view(verdict_on(*(stream(name=name) for name in names)))], 80)
        assert "begin with" not in text


class TestColour:
    @pytest.mark.parametrize(
        ("environment", "is_terminal", "is_wanted"),
        [
            ({"TERM": "xterm"}, True, True),
            ({}, True, True),
            ({"TERM": "xterm"}, False, False),
            ({"TERM": "dumb"}, True, False),
            ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
            ({"TERM": "xterm", "NO_COLOR": ""}, True, True),
        ],
    )
    def test_only_a_terminal_that_shows_it_has_it(
        self, monkeypatch, environment, is_terminal, is_wanted
    ):
        for name in ("TERM", "NO_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert is_colour_wanted(is_terminal) is is_wanted


KEYS = {
    "keys": [
        key(b"policy", field=b"until", deadline_seconds=5400.0, ttl_seconds=7200.0),
        key(b"lost", exists=0),
    ],
    "key_counts": [KeyCount(b"hold:*", 1), KeyCount(b"lease:*", None)],
}


class TestStateKeys:
    def test_the_markdown(self):
        text = markdown([view(verdict_on(**KEYS))])
        assert "works, with 1 warning: `lost` (key missing)" in text
        assert (
            """\
## 3. State keys

| Key | State | Expires | Why |
|---|---|---:|---|
| `lost` | ⚠️ key missing | – | it does not exist |
| `policy` | ✅ alive | in 2h | the deadline in `until` is 1h30m ahead |

## 4. State keys by pattern

| Pattern | State | Why |
|---|---|---|
| `hold:*` | ✅ counted | 1 key matches |
| `lease:*` | ❔ not counted | the keyspace was not walked to its end |

## 5. Findings
"""
            in text
        )

    def test_only_problems_leaves_the_rest_out(self):
        text = report_text([view(verdict_on(**KEYS), only_problems=True)], 400)
        assert "lost  key missing        –\n  it does not exist" in text
        assert "policy" not in text
        assert "hold" not in text
        calm = verdict_on(key_counts=KEYS["key_counts"])
        assert "STATE KEYS" not in report_text([view(calm, only_problems=True)], 400)

    def test_the_json(self):
        found = status([view(verdict_on(**KEYS))], AT)["redis"][0]
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
        assert "State keys" not in markdown([view(verdict_on(*SMALL))])


def test_a_missing_stream_has_dashes_and_no_zero():
    row = next(
        line
        for line in markdown([view(verdict_on(stream(CONTINUOUS, **MISSING)))]).splitlines()
        if line.startswith("| `s`")
    )
    assert row.startswith("| `s` | ❌ missing | continuous | – | – |")


class TestIdsThatAreNoClocks:
    """Their ages count from the first look, so they are no more than a lower bound."""

    VERDICT = verdict_on(stream(EVENT, age=0.0, clock=False), stream(EVENT, name=b"timed"))

    def test_the_table_and_the_markdown_say_at_least(self):
        shown = [view(self.VERDICT)]
        for text in (
            report_text(shown, 200),
            report_text(shown, 200, is_coloured=True),
            markdown(shown),
        ):
            assert text.count("at least 0s ago") == 1
            assert "at least 10s ago" not in text

    def test_the_json_says_so(self):
        streams = status([view(self.VERDICT)], AT)["redis"][0]["streams"]
        assert {one["stream"]: one["age_is_least"] for one in streams} == {
            "s": True,
            "timed": False,
        }

    def test_where_there_is_no_age_there_is_no_bound(self):
        verdict = verdict_on(stream(EVENT, **MISSING), stream(EVENT, name=b"n", **NEVER_WRITTEN))
        streams = status([view(verdict)], AT)["redis"][0]["streams"]
        assert [one["age_is_least"] for one in streams] == [None, None]
