"""Stream names that nearly equal each other, as after a rename that was never finished."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")
_MOST_LETTERS_ADDED: Final = 2
_SHORTEST_EXTENDED: Final = 3
_SHORTEST_CHANGED: Final = 5
_LONGEST_NAME: Final = 200

Words = tuple[str, ...]


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
