"""Queries as trees, for the rules they must keep to."""

from __future__ import annotations

from typing import Any, NamedTuple

import promql_parser

from dashboards.interpolation import All, View
from dashboards.shipped import Query, Variable

NAMES = ("job", "instance", "redis", "class", "stream", "group")
VIEW = View(choices={name: All(".+") for name in NAMES})
_COUNTER_SUFFIXES = ("_total", "_count", "_sum", "_bucket")
_COUNTER_FUNCTIONS = ("rate", "irate", "increase")


class Selector(NamedTuple):
    """A selector of an expression, and whether a function for counters is around it."""

    metric: str
    matchers: frozenset[str]
    rated: bool


def parse(expression: str) -> Any:
    """The tree; ValueError when Prometheus would not take it."""
    return promql_parser.parse(VIEW.interpolate(expression))


def parse_selector(variable: Variable) -> Any:
    return promql_parser.parse(VIEW.interpolate(variable.selector))


def selectors(query: Query) -> list[Selector]:
    """Every selector; its matchers are written as in the dashboard, with the variables."""
    choices = {name: All(f"${name}") for name in NAMES}
    tree = promql_parser.parse(View(choices).interpolate(query.expr))
    found: list[Selector] = []
    open_calls: list[str] = []

    def enter(node: Any) -> None:
        if isinstance(node, promql_parser.Call):
            open_calls.append(node.func.name)
        elif isinstance(node, promql_parser.VectorSelector):
            rated = bool(open_calls) and open_calls[-1] in _COUNTER_FUNCTIONS
            found.append(Selector(node.name or "", _written(node), rated))

    def leave(node: Any) -> None:
        if isinstance(node, promql_parser.Call):
            open_calls.pop()

    promql_parser.walk(tree, enter, leave)
    return found


def is_counter(metric: str) -> bool:
    return metric.endswith(_COUNTER_SUFFIXES)


def _written(node: Any) -> frozenset[str]:
    return frozenset(
        f'{each.name}{_sign(each.op)}"{each.value}"' for each in node.matchers.matchers
    )


def _sign(op: Any) -> str:
    signs = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    return next(sign for name, sign in signs.items() if op == getattr(promql_parser.MatchOp, name))
