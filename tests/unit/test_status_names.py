"""No name from Redis is markup on the status page, whatever it holds."""

import re

import pytest

from streamgauge.report.names import plain
from support.looks import CONTINUOUS, EVENT, group, refused, stream
from support.pages import page

HOSTILE = {
    "script": b"<script>alert(1)</script>",
    "end tag": b"</main></bdi><img src=x onerror=alert(1)>",
    "quotes": b"\"' onmouseover='alert(1)\" x=`y`",
    "entity": b"&lt;b&gt;&#x3c;",
    "template": b"{{ 7 * 7 }}{% raw %}${1}{0}",
    "newline": b"two\nlines\r\n\x1b[31m\x00",
    "direction": "a\u202eb\u2066c\u200fd".encode(),
    "not UTF-8": b"\xff\xfe<b>\xc3",
    "long": b"x<" * 5_000,
    "empty": b"",
}
# fmt: off
OWN_TAGS = {
    "html", "head", "meta", "link", "title", "script", "body", "header", "a", "nav", "form",
    "input", "p", "main", "section", "div", "h1", "h2", "h3", "h4", "small", "span", "bdi", "time",
    "ul", "li", "dl", "dt", "dd", "details", "summary", "b", "footer",
}
# fmt: on


class TestHostileNames:
    @pytest.fixture(params=HOSTILE.values(), ids=HOSTILE.keys())
    def name(self, request):
        return request.param

    @pytest.fixture
    def everywhere(self, name):
        """A page that shows the name as stream, group, in findings, errors and the search."""
        failure = refused(b"e" + name, "other", name.decode("utf-8", "replace"))
        return page(
            stream(CONTINUOUS, group(name, lag=7, lag_seconds=125.0), name=name, age=31.0),
            stream(EVENT, name=b"unread" + name),
            failures=[failure],
            redis=name.decode("utf-8", "replace") or "main",
        )

    def test_nothing_but_our_own_elements_and_no_handler_is_there(self, everywhere):
        assert set(everywhere.tags) <= OWN_TAGS
        assert everywhere.tags.count("script") == 1
        assert not [
            each for each, _ in everywhere.attributes if each.startswith("on") or each == "style"
        ]
        assert not [each for each in everywhere.values("href") if re.match(r"\w+:|//", each)]

    def test_the_name_is_shown_on_one_line_and_cut(self, everywhere, name):
        assert plain(name).replace("  ", " ") in everywhere.text
        assert all(char.isprintable() for char in everywhere.text)
        assert len(everywhere.markup) < 20_000

    def test_a_search_for_it_is_shown_as_text(self, name):
        text = name.decode("utf-8", "replace")
        shown = page(stream(EVENT, name=name), query=text)
        assert set(shown.tags) <= OWN_TAGS
        assert "streams match" in shown.text or not text
