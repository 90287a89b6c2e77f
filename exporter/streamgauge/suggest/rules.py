"""Proposals as rules of a configuration, each line with its evidence behind it."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from streamgauge import globs
from streamgauge.config import format_duration
from streamgauge.policy import StreamClass
from streamgauge.report.names import plain
from streamgauge.schedule import Schedule
from streamgauge.suggest.patterns import merge
from streamgauge.suggest.proposal import Proposal, Terms
from streamgauge.suggest.scalars import glob_scalar, one_line, scalar
from streamgauge.verdict.words import Sentence, counted, duration, name_list

_ORDER: Final = list(StreamClass)
_MOST_NAMED: Final = 10
_LEAST_IGNORED: Final = 5
_IDENTIFIER: Final = re.compile(rb"[0-9a-fA-F]{8}-[0-9a-fA-F-]{4,27}|[0-9a-fA-F]{8,}|\d{4,}")
"""A UUID, a long hexadecimal number or a long number in a name."""


class SuggestedRule(NamedTuple):
    """One entry of `streams`: a pattern, its terms, and the proposals that it stands for.

    Without terms the streams are ignored.
    """

    pattern: bytes
    terms: Terms | None
    proposals: Sequence[Proposal]


def rules_of(
    proposals: Iterable[Proposal],
    known: Iterable[bytes] = (),
    *,
    is_discovered: Callable[[bytes], bool] = lambda _name: True,
) -> list[SuggestedRule]:
    """Merge proposals into rules, by class and name; no pattern matches a name of `known`.

    Those without terms get no rule, and no pattern matches them either. A name that discovery would
    not find by itself keeps a rule of its own: only a name without wildcards is watched there.
    """
    by_name = {proposal.name: proposal for proposal in proposals}
    terms = {
        name: each.terms
        for name, each in by_name.items()
        if each.terms is not None and is_discovered(name)
    }
    others = by_name.keys() - terms.keys()
    known = list(known)
    rules = list(_ignored(by_name, known, is_discovered))
    rules += [
        SuggestedRule(pattern, terms[names[0]], [by_name[name] for name in names])
        for pattern, names in merge(terms, others.union(known))
    ]
    rules += (
        SuggestedRule(globs.escape(name), each.terms, [each])
        for name in others
        if (each := by_name[name]).terms is not None
    )
    return sorted(rules, key=_place)


def _place(rule: SuggestedRule) -> tuple[int, bytes]:
    """By class, and what is ignored last."""
    return _ORDER.index(rule.terms.stream_class) if rule.terms else len(_ORDER), rule.pattern


def _ignored(
    by_name: Mapping[bytes, Proposal],
    known: Iterable[bytes],
    is_discovered: Callable[[bytes], bool],
) -> Iterator[SuggestedRule]:
    """Streams of an entry or two each whose names differ in an identifier: results of jobs."""
    alike: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for name, each in by_name.items():
        found = _IDENTIFIER.search(name)
        if each.is_brief and found and is_discovered(name):
            head, tail = name[: found.start()], name[found.end() :]
            alike[globs.escape(head) + b"*" + globs.escape(tail)].append(name)
    for pattern, names in alike.items():
        others = (by_name.keys() | set(known)) - set(names)
        matches = globs.compile_glob(pattern).fullmatch
        if len(names) >= _LEAST_IGNORED and pattern != b"*" and not any(map(matches, others)):
            yield SuggestedRule(pattern, None, [by_name[name] for name in names])


def rule_lines(rules: Iterable[SuggestedRule], indent: str) -> Iterator[str]:
    """Write rules as items of a block list, without line ends; comments come before and behind."""
    for rule in rules:
        for comment in _comments(rule):
            yield f"{indent}# {one_line(comment)}"
        dash = "- "
        for key, value, reason in _keys(rule):
            line = f"{indent}{dash}{key}: {value}"
            yield f"{line}  # {one_line(reason)}" if reason else line
            dash = "  "


def unclassified_lines(proposals: Iterable[Proposal]) -> Iterator[str]:
    """Say of each stream without terms why its history does not tell."""
    untold = sorted((each for each in proposals if each.terms is None), key=lambda each: each.name)
    for proposal in untold:
        yield f"{plain(proposal.name)}: {proposal.class_reason}"


def _comments(rule: SuggestedRule) -> Iterator[str]:
    if rule.terms is None:
        yield (
            f"{counted(len(rule.proposals), 'stream')} of an entry or two each, whose names differ "
            "in an identifier: they look like results, which nobody waits for."
        )
    if len(rule.proposals) > 1:
        names = name_list([each.name for each in rule.proposals])
        yield f"{counted(len(rule.proposals), 'stream')}: {names.text(plain)}."
    yield from _capped(list(_silences(rule.proposals)))
    yield from _capped(list(_backlogs(rule.proposals)))


def _silences(proposals: Iterable[Proposal]) -> Iterator[str]:
    for each in proposals:
        if each.silent_seconds is not None:
            yield (
                f"SILENT NOW: {plain(each.name)} has had no entry for "
                f"{duration(each.silent_seconds)}. It pages as it is; "
                "if it is retired, write ignore: true or class: event."
            )


def _backlogs(proposals: Iterable[Proposal]) -> Iterator[str]:
    for each in proposals:
        if each.slow_groups is not None:
            sentence = Sentence(
                f"WAITING NOW on {{}}: entries wait {each.slow_groups.template}. "
                "If that is by design, give the group a lag_limit of its own under groups.",
                (each.name, *each.slow_groups.names),
            )
            yield sentence.text(plain)


def _capped(lines: list[str]) -> Iterator[str]:
    yield from lines[:_MOST_NAMED]
    if len(lines) > _MOST_NAMED:
        yield f"and {len(lines) - _MOST_NAMED:,} more like these"


def _keys(rule: SuggestedRule) -> Iterator[tuple[str, str, str]]:
    """The keys of one entry with value and reason.

    Of several streams the one with the longest silence speaks, as the nearest to the limit.
    """
    terms = rule.terms
    if terms is None:
        yield "match", glob_scalar(rule.pattern), ""
        yield "ignore", "true", ""
        return
    example = max(rule.proposals, key=lambda each: each.longest_seconds)
    of = f"{plain(example.name)}: " if len(rule.proposals) > 1 else ""
    yield "match", glob_scalar(rule.pattern), ""
    yield "class", terms.stream_class, of + example.class_reason
    if terms.quiet_limit_seconds is not None:
        yield "quiet_limit", limit_text(terms.quiet_limit_seconds), of + example.quiet_reason
    if terms.active is not None:
        yield "active", _active(terms.active), of + example.active_reason
    yield "lag_limit", limit_text(terms.lag_limit_seconds), of + example.lag_reason
    groups = _declared(rule.proposals)
    if groups:
        items = ", ".join(f"{{match: {glob_scalar(globs.escape(name))}}}" for name in groups)
        yield "groups", f"[{items}]", "there now, and declared: the alert tells when one is not"


def _declared(proposals: Sequence[Proposal]) -> list[bytes]:
    """The groups that every stream of a rule has, but for those named after an identifier."""
    first, *others = proposals
    return [
        name
        for name in first.groups
        if all(name in each.groups for each in others) and not _IDENTIFIER.search(name)
    ]


def limit_text(seconds: float) -> str:
    """Write a limit; infinite is `none`."""
    return "none" if math.isinf(seconds) else format_duration(seconds)


def _active(schedule: Schedule) -> str:
    defaults = Schedule()
    parts: Mapping[str, str] = {
        "days": scalar(schedule.days) if schedule.days != defaults.days else "",
        "hours": f'"{schedule.hours}"' if schedule.hours != defaults.hours else "",
        "timezone": scalar(schedule.timezone),
    }
    return f"{{{', '.join(f'{key}: {value}' for key, value in parts.items() if value)}}}"
