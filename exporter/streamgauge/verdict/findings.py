"""What shows across streams, or beside the state of one: each rule one function, one sentence."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from streamgauge.policy import StreamClass
from streamgauge.schedule import Schedule
from streamgauge.verdict.looks import StreamLooks
from streamgauge.verdict.records import Finding, Subject
from streamgauge.verdict.states import FindingKind
from streamgauge.verdict.words import Sentence, duration, entries, name_list

_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")
_MOST_LETTERS_ADDED: Final = 2
_SHORTEST_EXTENDED: Final = 3
_SHORTEST_CHANGED: Final = 5
_LONGEST_NAME: Final = 200

Words = tuple[str, ...]

FEW_DUPLICATES: Final = 10
DUPLICATES_SHARE: Final = 0.1
"""A producer that sends one entry twice is what idempotence is for."""


def nearly_equal_pairs(
    names: Iterable[bytes], others: Iterable[bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Yield each of `names` with each of `others` that nearly equals it, in order.

    Two names do if they differ in case or separators alone (`policy_update`, `policy.update`), or
    in one word: by one or two letters more (`update`, `updated`; `job`, `jobs`), or in a longer
    word by one letter changed or two swapped (`organise`, `organize`). Digits never count: `shard1`
    and `shard2` are two things. Names longer than any that people write are left out. Costs a few
    dictionary look-ups a name, however many there are.
    """
    index: defaultdict[object, list[bytes]] = defaultdict(list)
    for other in others:
        if len(other) <= _LONGEST_NAME:
            for key in _keys(words_of(other)):
                index[key].append(other)
    for name in names:
        if len(name) > _LONGEST_NAME:
            continue
        found = {other for key in _keys(words_of(name)) for other in index.get(key, ())}
        for other in sorted(found - {name}):
            if nearly_equal(name, other):
                yield name, other


def nearly_equal(one: bytes, other: bytes) -> bool:
    """Tell whether two different names nearly equal each other."""
    words, others = words_of(one), words_of(other)
    if "".join(words) == "".join(others):
        return True
    if len(words) != len(others):
        return False
    different = [pair for pair in zip(words, others, strict=True) if pair[0] != pair[1]]
    return len(different) == 1 and _near_words(*different[0])


def words_of(name: bytes) -> Words:
    """Split a name into its words, in lower case."""
    text = name.decode("utf-8", "backslashreplace").lower()
    return tuple(word for word in _SEPARATORS.split(text) if word)


def _near_words(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    start = _common_length(short, long)
    end = min(_common_length(short[::-1], long[::-1]), len(short) - start)
    rest, more = short[start : len(short) - end], long[start : len(long) - end]
    if any(char.isdigit() for char in rest + more):
        return False
    if not rest:
        return len(more) <= _MOST_LETTERS_ADDED and len(short) >= _SHORTEST_EXTENDED
    changed = len(rest) == len(more) == 1 or rest == more[::-1]
    return changed and len(rest) <= _MOST_LETTERS_ADDED and len(short) >= _SHORTEST_CHANGED


def _common_length(one: str, other: str) -> int:
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length


def _keys(words: Words) -> Iterator[object]:
    """Yield what nearly equal names have in common: the rest, and a word less a letter or two."""
    yield "".join(words)
    for place, word in enumerate(words):
        rest = words[:place], words[place + 1 :]
        yield rest, word
        for letters in range(1, _MOST_LETTERS_ADDED + 1):
            for at in range(len(word) - letters + 1):
                yield rest, word[:at] + word[at + letters :]


Rule = Callable[[Sequence[StreamLooks]], Iterator[Finding]]


def findings(looks: Sequence[StreamLooks]) -> list[Finding]:
    """Look for everything there is to find in the streams of one Redis."""
    return [finding for rule in _RULES for finding in rule(looks)]


def _unfinished_renames(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """A group waits on a stream never written, and one of nearly its name is written unread."""
    awaited = {one.now.name: one for one in looks if one.never_written and one.now.groups}
    unread = {one.now.name: one for one in looks if _is_unread(one)}
    for name, other in nearly_equal_pairs(awaited, unread):
        groups = name_list([group.name for group in awaited[name].now.groups])
        written = unread[other].now
        wait = "waits" if len(awaited[name].now.groups) == 1 else "wait"
        age = (
            "" if written.age_seconds is None else f", the last {duration(written.age_seconds)} ago"
        )
        yield Finding(
            FindingKind.UNFINISHED_RENAME,
            Sentence(
                f"{groups.template} {wait} on {{}}, which never held an entry; "
                f"{{}} holds {entries(written.length or 0)}{age}, and no group reads it: "
                "this looks like a rename that was never finished",
                (*groups.names, name, other),
            ),
            (Subject(name), Subject(other)),
        )


def _unread_streams(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """A stream that holds entries has no group; who reads it without one leaves no trace."""
    renamed = _renamed(looks)
    names = [one.now.name for one in looks if _is_unread(one) and one.now.name not in renamed]
    if names:
        listed = name_list(names)
        yield Finding(
            FindingKind.UNREAD_STREAM,
            Sentence(
                f"no group reads {listed.template}; whether anybody does with XREAD cannot be seen",
                listed.names,
            ),
            tuple(Subject(name) for name in names),
        )


def _groups_without_publisher(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """Groups wait on a stream that nobody ever wrote to; for an event stream that is normal."""
    renamed = _renamed(looks)
    judged_elsewhere = (StreamClass.EVENT, StreamClass.CONTINUOUS)
    names = [
        one.now.name
        for one in looks
        if one.never_written
        and one.now.groups
        and one.now.stream_class not in judged_elsewhere
        and one.now.name not in renamed
    ]
    if names:
        listed = name_list(names)
        yield Finding(
            FindingKind.NO_PUBLISHER,
            Sentence(
                f"groups wait on {listed.template}, and nothing was ever published there",
                listed.names,
            ),
            tuple(Subject(name) for name in names),
        )


def _ids_that_are_no_clocks(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """An ID that counts something else than time tells no age."""
    names = [one.now.name for one in looks if not one.ids_are_clocks]
    if names:
        listed = name_list(names)
        yield Finding(
            FindingKind.IDS_NO_CLOCKS,
            Sentence(
                f"the IDs of {listed.template} are no clocks: ages there count from the first look",
                listed.names,
            ),
            tuple(Subject(name) for name in names),
        )


def _limits_that_never_hold(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """A limit holds from one limit after the hours begin: longer hours are needed to page ever."""
    feeds: defaultdict[tuple[float, Schedule], list[bytes]] = defaultdict(list)
    for one in looks:
        limit, hours = one.now.policy.quiet_limit_seconds, one.now.policy.active
        if limit is not None and hours is not None:
            feeds[limit, hours].append(one.now.name)
    for (limit, hours), names in feeds.items():
        longest = hours.longest_window_seconds
        if limit < longest:
            continue
        listed = name_list(names)
        yield Finding(
            FindingKind.LIMIT_NEVER_HOLDS,
            Sentence(
                f"silence of {listed.template} never pages: a limit of {duration(limit)} holds "
                f"from one limit after the hours begin, and they last {duration(longest)}",
                listed.names,
            ),
            tuple(Subject(name) for name in names),
        )


def _longer_than_they_may_be(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """A stream holds more than was declared; one of dead letters may hold nothing."""
    for one in looks:
        length, limit = one.now.length, one.now.length_limit
        if length is None or limit is None or length <= limit:
            continue
        yield Finding(
            FindingKind.TOO_LONG,
            Sentence(f"{{}} holds {entries(length)}; it may hold {limit:,}", (one.now.name,)),
            (Subject(one.now.name),),
        )


def _idempotence_that_overflows(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """Each producer's IDs fill what a stream remembers, so older ones are forgotten too early."""
    for one in looks:
        told = one.now.idempotence
        if told is not None and told.is_full:
            yield Finding(
                FindingKind.IDEMPOTENCE_OVERFLOWS,
                Sentence(
                    f"{{}} remembers {told.max_size:,} IDs of each producer and has no room left: "
                    "an entry that is sent again may pass, though IDs should hold for "
                    f"{duration(told.duration_seconds)}",
                    (one.now.name,),
                ),
                (Subject(one.now.name),),
            )


def _duplicates_that_rise(looks: Sequence[StreamLooks]) -> Iterator[Finding]:
    """More than a tenth of what producers sent of late had come before: they retry."""
    for one in looks:
        now, then = one.now.idempotence, one.earlier and one.earlier.idempotence
        if now is None or then is None or one.seconds is None:
            continue
        twice = now.duplicates - then.duplicates
        if twice >= FEW_DUPLICATES and twice > DUPLICATES_SHARE * (now.added - then.added):
            yield Finding(
                FindingKind.DUPLICATES_RISE,
                Sentence(
                    f"in {duration(one.seconds)} {entries(twice)} came to {{}} a second time and "
                    f"{'was' if twice == 1 else 'were'} refused: a producer retries",
                    (one.now.name,),
                ),
                (Subject(one.now.name),),
            )


def _is_unread(looks: StreamLooks) -> bool:
    return bool(looks.now.exists and looks.now.length and not looks.now.groups)


def _renamed(looks: Sequence[StreamLooks]) -> set[bytes]:
    return {one.stream for finding in _unfinished_renames(looks) for one in finding.subjects}


_RULES: Final[tuple[Rule, ...]] = (
    _limits_that_never_hold,
    _unfinished_renames,
    _longer_than_they_may_be,
    _idempotence_that_overflows,
    _duplicates_that_rise,
    _unread_streams,
    _groups_without_publisher,
    _ids_that_are_no_clocks,
)
