"""Warnings of what another tool would understand: its patterns, and variables in the file."""

import re
from collections.abc import Iterator
from typing import Any, Final

from streamgauge.config.document import Location, YamlDocument, dotted

_VARIABLE: Final = re.compile(r"\$\{[A-Za-z_]\w*[^}]*\}")
_FOREIGN: Final = (
    (re.compile(r"\{[^{}]*,[^{}]*\}"), "{a,b} is no choice here; write one entry for each"),
    (re.compile(r"^\^|\$$"), "^ and $ stand for themselves; a pattern always fits the whole name"),
    # After a letter it is a part of the name, as in orders.*
    (re.compile(r"(?<![A-Za-z0-9_])\.\*"), ".* is a dot and then anything; write * for anything"),
)


def foreign_syntax(document: YamlDocument) -> Iterator[str]:
    """Name each place that is written for another tool, and no value: it may be a secret."""
    for location, text in _texts(document.data, ()):
        if _VARIABLE.search(text):
            yield (
                f"{dotted(location)}: ${{NAME}} is not replaced; "
                "set it by a variable STREAMGAUGE_REDIS_* or a file"
            )
        elif "match" in location:
            said = (what for sign, what in _FOREIGN if sign.search(text))
            yield from (f"{dotted(location)}: {what}" for what in said)


def _texts(data: Any, location: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(data, str):
        yield location, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _texts(value, (*location, str(key)))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _texts(value, (*location, index))
