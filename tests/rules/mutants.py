"""Rule files with one guard removed or turned round: each must be caught by a scenario."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

_JOINERS = ("and", "unless", "or")
_COMPARISONS = {
    ">": "<",
    "==": "!=",
    "> 0": "<= 0",
    "== 0": "!= 0",
    "== +Inf": "!= +Inf",
    "> 60": "<= 60",
}


class Mutant(NamedTuple):
    """What was changed in which rule, and the whole file with the change."""

    alert: str
    change: str
    groups: dict[str, Any]


def mutants(text: str) -> Iterator[Mutant]:
    """Yield each mutant of a rule file."""
    shipped = yaml.safe_load(text)
    for g, group in enumerate(shipped["groups"]):
        for r, rule in enumerate(group["rules"]):
            name = rule.get("alert") or rule["record"]
            for change, mutated in _rule_mutants(rule):
                groups = copy.deepcopy(shipped)
                groups["groups"][g]["rules"][r] = mutated
                yield Mutant(name, change, groups)


def _rule_mutants(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for change, expression in _expressions(rule["expr"]):
        yield change, rule | {"expr": expression}
    for guard in ("for", "keep_firing_for"):
        if guard in rule:
            yield f"without {guard}", {k: v for k, v in rule.items() if k != guard}


def _expressions(expression: str) -> Iterator[tuple[str, str]]:
    lines = expression.splitlines()
    yield from _without_operands(lines)
    for i, line in enumerate(lines):
        text = line.strip()
        for found, turned in _COMPARISONS.items():
            if text == found or (" " in found and text.endswith(f" {found}")):
                changed = line[: len(line) - len(found)] + turned
                yield f"line {i + 1} turned to {turned}", _join(lines, i, changed)
        if re.search(r"(max|min) without \(instance, pod\)", line):
            changed = re.sub(r"(max|min) without \(instance, pod\)", "", line)
            yield f"line {i + 1} without aggregation", _join(lines, i, changed)
        if 'class="continuous"' in line:
            changed = line.replace('class="continuous"', "")
            yield f"line {i + 1} for every class", _join(lines, i, changed)


def _without_operands(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Leave out each operand of `and`, `unless` and `or`, together with its operator."""
    for i, line in enumerate(lines):
        if line.strip() not in _JOINERS:
            continue
        depth = _indent(line)
        end = i + 1
        while end < len(lines) and not _ends_operand(lines[end], depth):
            end += 1
        operand = " ".join(part.strip() for part in lines[i:end])
        yield f"without: {operand}", "\n".join(lines[:i] + lines[end:])


def _ends_operand(line: str, depth: int) -> bool:
    is_joiner = line.strip() in _JOINERS and _indent(line) == depth
    return is_joiner or _indent(line) < depth


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _join(lines: list[str], index: int, changed: str) -> str:
    return "\n".join([*lines[:index], changed, *lines[index + 1 :]])
