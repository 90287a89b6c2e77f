"""The documents as HTML: every heading has an anchor, every link leads somewhere or is text."""

from __future__ import annotations

import functools
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from markupsafe import escape

from streamgauge.documents import Document, documents

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_RUNBOOK: Final = re.compile(r"(?<![\w\[(/`])(Redis\w+)\.md\b")
"""A runbook that another one names."""

_NOT_IN_ANCHOR: Final = re.compile(r"[^\w\- ]")


def document_html(document: Document, root: str = "../") -> str:
    """Write a document as HTML; a link in it that leads to nothing served here is mere text.

    `root` leads from the page to the exporter's first page.
    """
    tokens = _markdown().parse(_RUNBOOK.sub(r"[\1](\1.md)", document.text))
    _give_anchors(tokens)
    for token in tokens:
        if token.children:
            _mend_links(token.children, document.path, root)
    return str(_markdown().renderer.render(tokens, _markdown().options, {}))


def _give_anchors(tokens: Sequence[Token]) -> None:
    """As on GitHub, so that a link works in both places; a second one of a name is numbered."""
    used: Counter[str] = Counter()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            anchor = _NOT_IN_ANCHOR.sub("", _text(inline).lower()).replace(" ", "-")
            opening.attrSet("id", f"{anchor}-{used[anchor]}" if used[anchor] else anchor)
            used[anchor] += 1


def _text(inline: Token) -> str:
    return "".join(one.content for one in inline.children or ())


def _mend_links(tokens: Sequence[Token], path: str, root: str) -> None:
    for opening, closing in _links(tokens):
        target, hash_sign, anchor = str(opening.attrGet("href") or "").partition("#")
        if "://" in target or not target:
            continue
        found = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        served = found.removesuffix(".md").replace("alerts/runbooks/", "runbooks/")
        if served in documents():
            opening.attrSet("href", f"{root}{served}{hash_sign}{anchor}")
            continue
        for token in (opening, closing):
            token.type, token.hidden, token.content = "text", True, ""


def _links(tokens: Sequence[Token]) -> Iterator[tuple[Token, Token]]:
    opening: Token | None = None
    for token in tokens:
        if token.type == "link_open":
            opening = token
        elif token.type == "link_close" and opening is not None:
            yield opening, token


@functools.cache
def _markdown() -> MarkdownIt:
    """HTML in a document is text, and of a picture its description is left."""
    # Imported late: an exporter that is only scraped does without.
    from markdown_it import MarkdownIt  # noqa: PLC0415

    markdown = MarkdownIt("js-default", {"html": False})
    markdown.add_render_rule("image", _description)
    return markdown


def _description(
    _renderer: object, tokens: Sequence[Token], index: int, _options: object, _environment: object
) -> str:
    return str(escape(tokens[index].content))
