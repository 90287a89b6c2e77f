"""Redis glob patterns over bytes: `*`, `?`, `[abc]`, `[^a]`, `[a-z]` and backslash escapes.

The meaning is that of Redis's own matcher (`stringmatchlen` in util.c), so a pattern selects the
same keys here as it does in SCAN. Patterns which Redis only tolerates, an unclosed bracket or a
trailing backslash, are errors here, because they never mean what their author meant.
"""

import functools
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

_STAR, _ANY, _SET, _ESCAPE = b"*", b"?", b"[", b"\\"
_SPECIAL = re.compile(rb"([*?\[\]\\])")


@dataclass(frozen=True, slots=True)
class _Token:
    """One unit of a pattern: a byte that stands for itself, a star, or any one byte of a set."""

    regex: bytes
    byte: bytes | None = None
    star: bool = False


_STAR_TOKEN = _Token(b"", star=True)
_CACHED_PATTERNS = 4096


def encode(text: str) -> bytes:
    r"""The bytes of a pattern or name written as text: UTF-8, and `\udcXX` for the stray byte XX.

    Raises ValueError for text that has no bytes: a lone surrogate outside that range.
    """
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ValueError("holds half a surrogate pair, which no name can contain") from None


@functools.lru_cache(maxsize=_CACHED_PATTERNS)
def compile_glob(pattern: bytes) -> re.Pattern[bytes]:
    """The regular expression whose `fullmatch` accepts exactly the names this pattern matches.

    Raises ValueError with one sentence for an unclosed bracket or a trailing backslash.
    """
    parts: list[list[bytes]] = [[]]
    for token in _tokens(pattern):
        if token.star:
            parts.append([])
        else:
            parts[-1].append(token.regex)
    head, *rest = (b"".join(part) for part in parts)
    if not rest:
        return re.compile(head, re.DOTALL)
    *middle, tail = rest
    # Where each middle part first fits is as good as any later place, so the groups are atomic: a
    # hostile name then costs linear time for each star, not a power of its length.
    found = b"".join(b"(?>.*?" + part + b")" for part in middle if part)
    return re.compile(head + found + b".*" + tail, re.DOTALL)


def is_literal(pattern: bytes) -> bool:
    """Whether the pattern has no glob characters, so that it names exactly one stream."""
    return all(token.byte is not None for token in _tokens(pattern))


def literal(pattern: bytes) -> bytes:
    """The one name that a pattern without glob characters matches; ValueError for any other."""
    if not is_literal(pattern):
        raise ValueError("the pattern has glob characters, so it names no single stream")
    return literal_prefix(pattern)


def literal_prefix(pattern: bytes) -> bytes:
    """The bytes every matching name starts with: those before the first glob character."""
    prefix = bytearray()
    for token in _tokens(pattern):
        if token.byte is None:
            break
        prefix += token.byte
    return bytes(prefix)


def common_prefix(patterns: Iterable[bytes]) -> bytes:
    """The longest prefix of every name any of these patterns matches; empty for no pattern."""
    prefixes = [literal_prefix(pattern) for pattern in patterns]
    shared = itertools.takewhile(lambda column: len(set(column)) == 1, zip(*prefixes, strict=False))
    return bytes(column[0] for column in shared)


def covers(earlier: bytes, later: bytes) -> bool:
    """Whether the first certainly matches every name the second does; False when in doubt."""
    if earlier == later:
        return True
    if is_literal(later):
        return compile_glob(earlier).fullmatch(literal(later)) is not None
    tokens = _tokens(earlier)
    simple_prefix = tokens[-1:] == (_STAR_TOKEN,) and all(token.byte for token in tokens[:-1])
    return simple_prefix and literal_prefix(later).startswith(literal_prefix(earlier))


def escape(name: bytes) -> bytes:
    """The pattern that matches exactly this name."""
    return _SPECIAL.sub(rb"\\\1", name)


@functools.lru_cache(maxsize=_CACHED_PATTERNS)
def _tokens(pattern: bytes) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    at = 0
    while at < len(pattern):
        char = pattern[at : at + 1]
        if char == _STAR:
            tokens.append(_STAR_TOKEN)
        elif char == _ANY:
            tokens.append(_Token(b"."))
        elif char == _SET:
            regex, at = _read_set(pattern, at)
            tokens.append(_Token(regex))
        else:
            if char == _ESCAPE:
                at += 1
                char = pattern[at : at + 1]
                if not char:
                    raise ValueError("the pattern ends in a backslash that escapes nothing")
            tokens.append(_Token(re.escape(char), byte=char))
        at += 1
    return tuple(tokens)


def _read_set(pattern: bytes, start: int) -> tuple[bytes, int]:
    """The expression for the set that opens at `start`, and where its closing bracket is.

    As in Redis: the first `]` closes, even directly after `[`; the ends of a range are taken as
    they stand, in either order; a backslash escapes a single member.
    """
    at = start + 1
    negated = pattern[at : at + 1] == b"^"
    at += negated
    members = bytearray()
    while at < len(pattern) and pattern[at : at + 1] != b"]":
        if pattern[at : at + 1] == _ESCAPE and at + 1 < len(pattern):
            at += 1
            members += _member(pattern[at], pattern[at])
        elif pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            members += _member(pattern[at], pattern[at + 2])
            at += 2
        else:
            members += _member(pattern[at], pattern[at])
        at += 1
    if at >= len(pattern):
        raise ValueError(r"the pattern has a [ without its ]; write \[ for the character itself")
    if not members:
        return (b"." if negated else b"(?!)"), at
    return b"[" + b"^" * negated + bytes(members) + b"]", at


def _member(one: int, other: int) -> bytes:
    low, high = sorted((one, other))
    return b"\\x%02x-\\x%02x" % (low, high)
