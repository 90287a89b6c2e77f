"""A report says the same in every format, and no name can act on what shows it."""

import json
import re

import pytest
from rich.markup import render as render_markup

from streamgauge.labels import label_value
from streamgauge.model.records import KeyCount
from streamgauge.report.markdown import markdown
from streamgauge.report.names import code_cell, code_span, plain
from streamgauge.report.plain import plain_text
from streamgauge.report.sections import document
from streamgauge.report.status import status, status_json
from streamgauge.report.terminal import terminal_text
from streamgauge.verdict.judge import judge
from support.looks import (
    AT,
    CONTINUOUS,
    EVENT,
    MISSING,
    NEVER_WRITTEN,
    UNCLASSIFIED,
    consumer,
    group,
    key,
    look,
    stream,
)

HOSTILE = [
    b"line\nbreak\r\n# heading",
    b"\x1b[31mred\x1b]0;title\x07",
    b"\xc2\x9b31m and \xe2\x80\xae right to left",  # C1 control, and a direction override
    b"a|b|c",
    b"a\\|b",
    b"``` `code` ```",
    b"`",
    b"[red]text[/red] [link=http://x]",
    b"<script>alert(1)</script>",
    b"[x](javascript:alert(1)) http://evil.example @everyone *bold* _it_",
    b"{0} {} {name}",
    b"\xff\xfe",
    b" padded ",
    b"",
    b"x" * 100_000,
]


def verdict_on(*streams, earlier=None, **fields):
    return judge(look(*streams, **fields), earlier)


def hostile_verdict(name):
    """Every place where a name can stand: streams, groups, consumers, renames, the Redis itself."""
    late = group(name, lag=2, lag_seconds=99.0, consumer_list=(consumer(name, 9e5, pending=1),))
    return verdict_on(
        stream(CONTINUOUS, late, name=name),
        stream(UNCLASSIFIED, name=name + b"s"),
        stream(EVENT, group(name), name=name + b".update.d", **NEVER_WRITTEN),
        stream(EVENT, name=name + b".updat.ed"),
        redis=name[:50].decode("utf-8", "replace"),
        keys=[key(name, field=name, deadline_seconds=-1.0)],
        key_counts=[KeyCount(name, 2)],
    )


SMALL = [
    stream(CONTINUOUS, group(lag=4, lag_seconds=70.0), name=b"feed"),
    stream(EVENT, group(b"workers"), name=b"jobs", **NEVER_WRITTEN),
]
BEFORE = look(stream(CONTINUOUS, name=b"feed", entries_added=1, age=12.0, at=AT - 5), at=AT - 5)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            (b"quantum:stream:market.tick", "quantum:stream:market.tick"),
            ("größe".encode(), "größe"),
            (b"a\nb\x1b[1m", r"a\nb\x1b[1m"),
            (b"\xff", "�\\xff"),
            ("\u202e\u200b\x9b".encode(), r"\u202e\u200b\x9b"),
            (b"", '""'),
            # Blanks that nobody would see: alone, at an end, or beside another.
            (b" ", r"\x20"),
            (b" a", r"\x20a"),
            (b"a ", r"a\x20"),
            (b"a   b c", r"a \x20\x20b c"),
            (b"x" * 161, "x" * 160 + "…"),
            (b"x" * 160, "x" * 160),
        ],
    )
    def test_plain(self, name, shown):
        assert plain(name) == shown

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            (b"a", "`a`"),
            (b"a`b", "``a`b``"),
            (b"`", "`` ` ``"),
            (b"a``b`", "``` a``b` ```"),
            (b" a ", r"`\x20a\x20`"),
            (b"a|b", "`a|b`"),
        ],
    )
    def test_code(self, name, shown):
        assert code_span(name) == shown

    def test_a_pipe_is_no_end_of_a_cell(self):
        assert code_cell(b"a|b") == r"`a\|b`"
        assert code_cell(b"a\\|b") == r"`a\\x7cb`"


class TestHostileNames:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_in_a_plain_table_they_are_printable_text(self, name):
        text = plain_text(document([hostile_verdict(name)]))
        assert all(char.isprintable() for line in text.split("\n") for char in line)
        assert plain(name) in text

    @pytest.mark.parametrize("name", HOSTILE)
    def test_on_a_terminal_the_only_escapes_are_colours(self, name):
        text = terminal_text(document([hostile_verdict(name)]), 100)
        rest = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert all(char.isprintable() for line in rest.split("\n") for char in line)

    def test_markup_of_the_terminal_is_text(self):
        text = plain_text(document([hostile_verdict(b"[red]x[/red]")]))
        assert "[red]x[/red]" in text
        assert str(render_markup("[red]x[/red]")) == "x"

    @pytest.mark.parametrize("name", HOSTILE)
    def test_in_markdown_every_row_has_its_cells_and_nothing_leaves_its_code(self, name):
        lines = markdown(document([hostile_verdict(name)])).splitlines()
        rows = [line for line in lines if line.startswith("|")]
        # As GFM splits: a pipe that no backslash escapes, each backslash escaping what follows it.
        widths = [len(re.sub(r"\\.", "", row).split("|")) for row in rows]
        assert set(widths) == {6, 8, 9}
        for line in lines:
            outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
            assert not re.search(r"[<\[\]`]|http|@", outside), line
        assert sum(line.startswith("#") for line in lines) == 6

    @pytest.mark.parametrize("name", HOSTILE)
    def test_in_json_they_are_whole_and_the_text_is_ascii(self, name):
        text = status_json([hostile_verdict(name)], AT)
        assert text.isascii()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
        names = {one["stream"] for one in json.loads(text)["redis"][0]["streams"]}
        assert label_value(name) in names
        assert len(names) == 4


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


class TestJson:
    def test_its_structure(self):
        now = stream(CONTINUOUS, group(), name=b"feed")
        found = status([verdict_on(now, earlier=BEFORE)], AT + 0.5)
        assert found["schema"] == 1
        assert (found["time"], found["time_seconds"]) == ("2027-01-15T08:00:00.500Z", AT + 0.5)
        assert (found["severity"], found["exit_code"]) == ("ok", 0)
        redis = found["redis"][0]
        assert redis["streams"] == [
            {
                "stream": "feed",
                "class": "continuous",
                "state": "flowing",
                "severity": "ok",
                "reason": "last entry 10s ago; it may be silent for 30s",
                "exists": True,
                "length": 3,
                "age_seconds": 10.0,
                "age_is_least": False,
                "last_entry": "2027-01-15T07:59:50.000Z",
                "last_entry_seconds": AT - 10.0,
                "quiet_limit_seconds": 30.0,
                "groups": 1,
                "entries_added": 3,
                "added_in_window": 2,
            }
        ]
        assert redis["groups"] == [
            {
                "stream": "feed",
                "class": "continuous",
                "group": "g",
                "state": "active",
                "severity": "ok",
                "reason": "caught up: no entry waits",
                "lag": 0,
                "lag_seconds": 0.0,
                "lag_limit_seconds": 60.0,
                "consumers": 1,
                "pending": 0,
                "oldest_pending_age_seconds": 0.0,
                "oldest_pending_deliveries": 0,
                "entries_read": 3,
                "last_delivered": "2027-01-15T07:59:50.000Z",
                "last_delivered_seconds": AT - 10.0,
            }
        ]
        rest = {key: redis[key] for key in redis if key not in ("streams", "groups", "unknown")}
        assert rest == {
            "redis": "main",
            "db": "db0",
            "up": True,
            "severity": "ok",
            "summary": "as designed: 1 stream: 1 flowing",
            "time": "2027-01-15T08:00:00.000Z",
            "time_seconds": AT,
            "window_seconds": 5.0,
            "errors": [],
            "keys": [],
            "keys_matching": [],
            "findings": [],
        }

    def test_a_finding_names_its_subjects(self):
        dead = group(consumer_list=(consumer(idle=9e5, pending=1),))
        finding = status([verdict_on(stream(EVENT, dead))], AT)["redis"][0]["findings"][0]
        assert finding["kind"] == "pending entries of dead consumers"
        assert finding["subjects"] == [{"stream": "s", "group": "g", "consumer": "c"}]

    def test_no_number_is_infinite(self):
        closed = stream(CONTINUOUS, quiet_limit_seconds=float("inf"))
        text = status_json([verdict_on(closed)], AT)
        assert "Infinity" not in text
        assert json.loads(text)["redis"][0]["streams"][0]["quiet_limit_seconds"] is None

    def test_only_problems_leaves_the_rest_out(self):
        found = status([verdict_on(*SMALL)], AT, only_problems=True)["redis"][0]
        assert found["streams"] == []
        assert [one["group"] for one in found["groups"]] == ["g"]
        assert found["unknown"], "what is not known is said all the same"

    def test_a_redis_that_was_not_read(self):
        found = status([verdict_on(up=0)], AT)
        assert (found["severity"], found["exit_code"]) == ("critical", 3)
        assert found["redis"][0]["up"] is False
        assert found["redis"][0]["streams"] == []


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
