"""Rules with one guard removed or turned round: each must be caught by a scenario.

Every kind of change is one function that takes an expression and yields what was changed and the
expression with the change. They all work on tokens, so they do not depend on the layout.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

Rule = dict[str, Any]
Change = tuple[str, str]

_TOKEN = re.compile(
    r"\{[^}]*\}|\[[^\]]*\]|[A-Za-z_:][\w:]*|\d+(?:\.\d+)?[smhd]?|==|!=|>=|<=|[-+*/><(),]"
)
_NEGATED = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}
_JOINERS = {"and": "unless", "unless": "and"}
_OPPOSITE = {"max": "min", "min": "max", "max_over_time": "min_over_time"}
_OPPOSITE["min_over_time"] = "max_over_time"
_AGGREGATIONS = ("max", "min", "sum", "count")
_RANGES = ("last_over_time", "max_over_time", "min_over_time")


class Mutant(NamedTuple):
    """What was changed in which rule, and the rule with the change."""

    index: int
    name: str
    change: str
    rule: Rule


def mutants(rules: Sequence[Rule], alerts: Collection[str]) -> Iterator[Mutant]:
    """Yield each mutant of the rules that these alerts are made of.

    A series recorded for other rules only is theirs to test: no page depends on it.
    """
    for index, rule in enumerate(rules):
        name = name_of(rule)
        dependents = {name_of(rules[i]) for i in affected(rules, index)}
        if dependents.isdisjoint(alerts):
            continue
        for guard in ("for", "keep_firing_for"):
            if guard in rule:
                without = {key: value for key, value in rule.items() if key != guard}
                yield Mutant(index, name, f"without {guard}", without)
        for change_of in CHANGES:
            for change, expression in change_of(Expression(rule["expr"])):
                yield Mutant(index, name, change, rule | {"expr": expression})


def name_of(rule: Rule) -> str:
    return rule.get("alert") or rule["record"]


def affected(rules: Sequence[Rule], index: int) -> list[int]:
    """Return the positions of this rule and of all that depend on it, in their order."""
    found, names = [index], {name_of(rules[index])}
    for later in range(index + 1, len(rules)):
        if names & set(_TOKEN.findall(rules[later]["expr"])):
            found.append(later)
            names.add(name_of(rules[later]))
    return found


class Expression:
    """PromQL as tokens; spans are pairs of token positions, the second one past the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = list(_TOKEN.finditer(text))
        self.tokens = [match.group() for match in found]
        self._starts = [match.start() for match in found]
        self._ends = [match.end() for match in found]

    def part(self, start: int, end: int) -> str:
        return " ".join(self.text[self._starts[start] : self._ends[end - 1]].split())

    def replaced(self, start: int, end: int, by: str = "") -> str:
        return f"{self.text[: self._starts[start]]}{by}{self.text[self._ends[end - 1] :]}"

    def without(self, *spans: tuple[int, int]) -> str:
        text = self.text
        for start, end in sorted(spans, reverse=True):
            text = text[: self._starts[start]] + text[self._ends[end - 1] :]
        return text

    def closing(self, opening: int) -> int:
        """Return where the parenthesis that opens here is closed."""
        depth = 0
        for i in range(opening, len(self.tokens)):
            depth += (self.tokens[i] == "(") - (self.tokens[i] == ")")
            if depth == 0:
                return i
        raise ValueError(f"not closed: {self.text}")

    def after_matching(self, start: int) -> int:
        """Skip `on (...)`, `ignoring (...)` and `group_right (...)` where there are any."""
        while self.tokens[start] in ("on", "ignoring", "group_left", "group_right"):
            start = self.closing(start + 1) + 1
        return start

    def levels(self) -> Iterator[tuple[int, int]]:
        """Yield the span of the whole and of what stands in each pair of parentheses."""
        yield 0, len(self.tokens)
        for i, token in enumerate(self.tokens):
            if token == "(":
                yield i + 1, self.closing(i)

    def find(self, span: tuple[int, int], words: Collection[str]) -> list[int]:
        """Return where one of these words stands within a span, outside inner parentheses."""
        found, i = [], span[0]
        while i < span[1]:
            if self.tokens[i] in words:
                found.append(i)
            i = self.closing(i) + 1 if self.tokens[i] == "(" else i + 1
        return found

    def alternatives(self) -> Iterator[tuple[int, int]]:
        """Yield the span of each operand of `or`, or of a level that has none."""
        for start, end in self.levels():
            bounds = [start - 1, *self.find((start, end), ["or"]), end]
            for before, after in pairwise(bounds):
                yield before + 1, after

    def operands(self) -> Iterator[tuple[int, int]]:
        """Yield the span of each operand of `and` and `unless`, its operator not included."""
        for start, end in self.alternatives():
            joiners = self.find((start, end), _JOINERS)
            yield start, joiners[0] if joiners else end
            for joiner, after in pairwise([*joiners, end]):
                yield self.after_matching(joiner + 1), after


def without_alternative(e: Expression) -> Iterator[Change]:
    for level in e.levels():
        ors = e.find(level, ["or"])
        for i, position in enumerate(ors):
            if i == 0:
                change = f"without: {e.part(level[0], position + 1)}"
                yield change, e.without((level[0], position + 1))
            end = [*ors[1:], level[1]][i]
            yield f"without: {e.part(position, end)}", e.without((position, end))


def without_operand(e: Expression) -> Iterator[Change]:
    """Leave out what guards. The left side of `unless` is what is guarded, so it is no guard."""
    for start, end in e.alternatives():
        joiners = e.find((start, end), _JOINERS)
        for i, joiner in enumerate(joiners):
            if i == 0 and e.tokens[joiner] == "and":
                until = e.after_matching(joiner + 1)
                yield f"without: {e.part(start, until)}", e.without((start, until))
            after = [*joiners[1:], end][i]
            yield f"without: {e.part(joiner, after)}", e.without((joiner, after))


def joiner_turned_round(e: Expression) -> Iterator[Change]:
    for i, token in enumerate(e.tokens):
        if token in _JOINERS:
            operand = f"{_JOINERS[token]} {e.part(i + 1, len(e.tokens))[:60]}"
            yield f"turned round: {operand}", e.replaced(i, i + 1, _JOINERS[token])


def comparison_negated(e: Expression) -> Iterator[Change]:
    for operand in e.operands():
        for i in e.find(operand, _NEGATED):
            negated = e.replaced(i, i + 1, _NEGATED[e.tokens[i]])
            yield f"negated: {e.part(*operand)}", negated


def without_comparison(e: Expression) -> Iterator[Change]:
    for start, end in e.operands():
        for i in e.find((start, end), _NEGATED):
            yield f"not compared: {e.part(start, end)}", e.without((i, end))


def without_aggregation(e: Expression) -> Iterator[Change]:
    for i, token in enumerate(e.tokens):
        if token in _AGGREGATIONS and e.tokens[i + 1] == "without":
            end = e.closing(i + 2) + 1
            yield f"without aggregation {e.part(i, end)}", e.without((i, end))


def least_for_most(e: Expression) -> Iterator[Change]:
    for i, token in enumerate(e.tokens):
        if token in _OPPOSITE:
            is_aggregation = e.tokens[i + 1] == "without"
            end = e.closing(e.closing(i + 2) + 1 if is_aggregation else i + 1)
            what = e.part(i + 1, end + 1)
            yield f"{_OPPOSITE[token]} of {what}", e.replaced(i, i + 1, _OPPOSITE[token])


def without_matcher(e: Expression) -> Iterator[Change]:
    for i, token in enumerate(e.tokens):
        if token.startswith("{"):
            matchers = token.strip("{}").split(", ")
            for matcher in matchers:
                kept = ", ".join(other for other in matchers if other != matcher)
                change = f"{e.tokens[i - 1]} without {matcher}"
                yield change, e.replaced(i, i + 1, f"{{{kept}}}")


def instant_for_range(e: Expression) -> Iterator[Change]:
    """Take the sample of the moment: what a gap or a restart leaves out is not looked for."""
    for i, token in enumerate(e.tokens):
        if token in _RANGES:
            end = e.closing(i + 1)
            (window,) = (j for j in range(i, end) if e.tokens[j].startswith("["))
            change = f"the instant of {e.part(i, end + 1)}"
            yield change, e.without((i, i + 1), (window, window + 1))


def without_matching(e: Expression) -> Iterator[Change]:
    for i, token in enumerate(e.tokens):
        if token in ("on", "ignoring"):
            end = e.after_matching(i)
            yield f"without {e.part(i, end)}", e.without((i, end))


CHANGES = [
    without_alternative,
    without_operand,
    joiner_turned_round,
    comparison_negated,
    without_comparison,
    without_aggregation,
    least_for_most,
    without_matcher,
    instant_for_range,
    without_matching,
]
