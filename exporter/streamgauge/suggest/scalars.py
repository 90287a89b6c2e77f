"""Text as a YAML value that reads back as the same text, whatever is in it."""

from __future__ import annotations

import re
from typing import Final

import yaml

_PLAIN: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./:-]*(?<!:)")
_SHORT: Final = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\0": r"\0"}


def scalar(text: str) -> str:
    r"""Write a text without quotes where it reads back, else in double quotes.

    What is not printable is escaped, a byte that is not UTF-8 as `\udcXX`, so the result is one
    line of printable characters.
    """
    if _PLAIN.fullmatch(text) and yaml.safe_load(text) == text:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Write a text in double quotes, as a list in brackets needs it."""
    return f'"{"".join(map(_escaped, text))}"'


def glob_scalar(pattern: bytes) -> str:
    """Write a pattern of names, which may hold any bytes."""
    return scalar(pattern.decode("utf-8", "surrogateescape"))


def one_line(text: str) -> str:
    """Write a text so that it stays within one comment."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
