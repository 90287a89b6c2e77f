"""Label matchers, as PromQL and Alertmanager write them: `job="streamgauge"`."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SPECIAL_IN_REGEX: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")


class Label(NamedTuple):
    """A label of a series or an alert."""

    name: str
    value: str


def replace_matcher(text: str, old: Label, new: Label) -> str:
    """Let every matcher of `old` in `text` match `new` instead.

    The operator stays: `=`, `!=`, and `=~`, `!~` where one of the alternatives is the old value.
    Alternatives are left alone when the label changes too: the others would be lost.
    """
    value = re.escape(old.value)
    whole = re.compile(
        rf"""(?<![\w.?&-]){old.name}(\s*(?:=~|!~|!=|=)\s*)(?:(["'`]){value}\2|{value}(?![\w.:-]))"""
    )
    text = whole.sub(lambda found: f"{new.name}{found[1]}{_operand(found[1], new.value)}", text)
    if new.name != old.name:
        return text
    alternatives = re.compile(rf"""(?<![\w.?&-])({old.name}\s*[=!]~\s*)"([\w|-]+)\"""")
    return alternatives.sub(lambda found: _alternated(found, old.value, new.value), text)


def quote(value: str) -> str:
    """The value as a string literal that PromQL and Alertmanager both read."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _operand(operator: str, value: str) -> str:
    return quote(literal_regex(value) if "~" in operator else value)


def literal_regex(value: str) -> str:
    """The value as a regular expression that matches nothing else."""
    return _SPECIAL_IN_REGEX.sub(r"\\\g<0>", value)


def _alternated(found: re.Match[str], old: str, new: str) -> str:
    values = [literal_regex(new) if value == old else value for value in found[2].split("|")]
    return found[1] + quote("|".join(values))
