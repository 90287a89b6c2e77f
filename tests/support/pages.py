"""The status page of a Redis that does not exist, as a browser would take it apart."""

import re
from html.parser import HTMLParser

from streamgauge.model.looks import earlier_look
from streamgauge.model.records import RedisSnapshot
from streamgauge.verdict.judge import judge
from streamgauge.web.overview import overview
from streamgauge.web.status import status_page
from support.looks import look


class Page(HTMLParser):
    """What a browser makes of a page: its elements, its text, and what each list item says."""

    def __init__(self, markup: str):
        super().__init__()
        self.markup = markup
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.parts: list[str] = []
        self.feed(markup)
        self.text = re.sub(r"\s+", " ", "".join(self.parts))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in ("bdi", "span", "b", "small", "time"):
            self.parts.append(" ")

    def handle_data(self, data):
        self.parts.append(data)

    def values(self, attribute: str) -> list[str]:
        return [value for name, value in self.attributes if name == attribute]


def names(shown: Page) -> list[str]:
    """The streams of a page in their order."""
    return re.findall(r"<h3>(?:<a [^>]*>)?<bdi>(.*?)</bdi>", shown.markup)


def page(*streams, earlier=None, query="", **fields):
    return page_of(look(*streams, **fields), earlier=earlier, query=query)


def page_of(*looks: RedisSnapshot, earlier=None, query=""):
    overviews = [overview(judge(one, earlier and earlier_look(earlier)), query) for one in looks]
    return Page(status_page(overviews, query))
