"""No name can act on what shows a report, in any format."""

import json
import re

import pytest
from rich.markup import render as render_markup

from streamgauge.labels import label_value
from streamgauge.model.records import KeyCount
from streamgauge.report.markdown import markdown
from streamgauge.report.names import code_cell, code_span, plain
from streamgauge.report.status import status_json
from streamgauge.report.text import report_text
from streamgauge.report.view import view
from support.looks import (
    AT,
    CONTINUOUS,
    EVENT,
    NEVER_WRITTEN,
    UNCLASSIFIED,
    consumer,
    group,
    key,
    stream,
)
from support.verdicts import verdict_on

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
        text = report_text([view(hostile_verdict(name))], 400)
        assert all(char.isprintable() for line in text.split("\n") for char in line)
        assert plain(name) in text

    @pytest.mark.parametrize("name", HOSTILE)
    def test_on_a_terminal_the_only_escapes_are_colours(self, name):
        text = report_text([view(hostile_verdict(name))], 100, is_coloured=True)
        rest = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert all(char.isprintable() for line in rest.split("\n") for char in line)

    def test_markup_of_the_terminal_is_text(self):
        text = report_text([view(hostile_verdict(b"[red]x[/red]"))], 400)
        assert "[red]x[/red]" in text
        assert str(render_markup("[red]x[/red]")) == "x"

    @pytest.mark.parametrize("name", HOSTILE)
    def test_in_markdown_every_row_has_its_cells_and_nothing_leaves_its_code(self, name):
        lines = markdown([view(hostile_verdict(name))]).splitlines()
        rows = [line for line in lines if line.startswith("|")]
        # As GFM splits: a pipe that no backslash escapes, each backslash escaping what follows it.
        widths = [len(re.sub(r"\\.", "", row).split("|")) for row in rows]
        assert set(widths) == {5, 6, 8, 9}
        for line in lines:
            outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
            assert not re.search(r"[<\[\]`]|http|@", outside), line
        assert sum(line.startswith("#") for line in lines) == 7

    @pytest.mark.parametrize("name", HOSTILE)
    def test_in_json_they_are_whole_and_the_text_is_ascii(self, name):
        text = status_json([view(hostile_verdict(name))], AT)
        assert text.isascii()
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
        names = {one["stream"] for one in json.loads(text)["redis"][0]["streams"]}
        assert label_value(name) in names
        assert len(names) == 4
