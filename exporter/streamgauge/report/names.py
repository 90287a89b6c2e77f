"""Names from Redis in each kind of text, so that none can act on what shows it."""

from __future__ import annotations

import re
from typing import Final

from streamgauge.labels import label_value

_LONGEST: Final = 160
_BACKTICKS: Final = re.compile("`+")
_UNSEEN_BLANK: Final = re.compile(r"\A |(?<= ) | \Z")


def plain(name: bytes) -> str:
    r"""Show a name on one line of plain text: control and invisible characters as `\n`, `\x1b`.

    So are blanks at either end or beside each other, which no table or page would show. What is
    very long is cut: a name may have half a gigabyte.
    """
    text = label_value(name[: _LONGEST + 1])
    text = _UNSEEN_BLANK.sub(r"\\x20", text)
    text = "".join(char if char.isprintable() else _escape(char) for char in text)
    if len(name) > _LONGEST:
        text = text[:_LONGEST] + "…"
    return text or '""'


def code_span(name: bytes) -> str:
    """Show a name in Markdown, as code: nothing in it is markup, a link or a mention."""
    text = plain(name)
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text[0] in " `" or text[-1] in " `" else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def code_cell(name: bytes) -> str:
    r"""Show a name as code inside a Markdown table, where a pipe ends a cell even in code.

    `\|` is a pipe there, but not behind another backslash.
    """
    text = code_span(name)
    return text.replace("|", r"\x7c" if "\\" in text else r"\|")


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
