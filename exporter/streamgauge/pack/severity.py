"""The label by which an alert pages, in the rules that carry it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import yaml

from streamgauge.pack.matchers import Label
from streamgauge.pack.scalars import double_quoted, items, value

SHIPPED: Final = Label("severity", "critical")

_PLAIN: Final = re.compile(r"[A-Za-z][\w-]+")


class _Replacement(NamedTuple):
    start: int
    end: int
    text: str


def label_pages(rules: str, label: Label) -> str:
    """Give every alert of a rule file that pages this label.

    A `severity` takes the place of the shipped one. Any other label stands beside it, so that
    whatever reads the severity of an alert goes on working.
    """
    replacements = {
        _replacement(labels, label) for labels in _alert_labels(rules) if _pages(labels)
    }
    for start, end, text in sorted(replacements, reverse=True):
        rules = rules[:start] + text + rules[end:]
    return rules


def _alert_labels(rules: str) -> Iterator[yaml.MappingNode]:
    """The labels of each alert: one mapping again and again where aliases share it."""
    for group in items(value(yaml.compose(rules, Loader=yaml.SafeLoader), "groups")):
        for rule in items(value(group, "rules")):
            labels = value(rule, "labels")
            if value(rule, "alert") and isinstance(labels, yaml.MappingNode):
                yield labels


def _pages(labels: yaml.MappingNode) -> bool:
    severity = value(labels, SHIPPED.name)
    return severity is not None and severity.value == SHIPPED.value


def _replacement(labels: yaml.MappingNode, label: Label) -> _Replacement:
    present = value(labels, label.name)
    if present:
        return _Replacement(present.start_mark.index, present.end_mark.index, _string(label.value))
    first_key = labels.value[0][0].start_mark
    separator = ", " if labels.flow_style else "\n" + " " * first_key.column
    text = f"{label.name}: {_string(label.value)}{separator}"
    return _Replacement(first_key.index, first_key.index, text)


def _string(value: str) -> str:
    """The value as YAML reads a string, whichever version of YAML reads it."""
    if _PLAIN.fullmatch(value) and isinstance(yaml.safe_load(value), str):
        return value
    return double_quoted(value)
