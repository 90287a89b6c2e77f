"""The status page of a Redis that does not exist, as a browser would take it apart."""

import re
from html.parser import HTMLParser

from streamgauge.policy import StreamPolicy
from streamgauge.verdict.looks import Look
from streamgauge.watched import Faults, Seen
from streamgauge.web.overview import overview
from streamgauge.web.status import status_page
from support.looks import CONTINUOUS, look

NO_FAULTS = Faults()


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


class EveryPolicy:
    """Says of every stream that it is a feed."""

    @staticmethod
    def resolve(_name):
        return StreamPolicy(CONTINUOUS)


def page(*streams, faults=NO_FAULTS, earlier=None, query="", **fields):
    return page_of(look(*streams, **fields), faults=faults, earlier=earlier, query=query)


def page_of(*looks: Look, faults=NO_FAULTS, earlier=None, query=""):
    seen = [Seen(one, earlier, faults) for one in looks]
    return Page(status_page([overview(one, EveryPolicy(), query) for one in seen], query))
