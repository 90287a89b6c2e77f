"""A mistake in the configuration, told so that it can be corrected."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: its path (`streams[2].class`, a variable, a flag), one sentence, the line."""

    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line is not None else ""
        if not self.path:
            return f"{line}: {self.message}" if line else self.message
        return f"{self.path} ({line}): {self.message}" if line else f"{self.path}: {self.message}"


class RefusedError(ValueError):
    """A value that is not allowed, in one sentence; `below` is the key in it that is at fault."""

    def __init__(self, sentence: str, below: str | None = None) -> None:
        super().__init__(sentence)
        self.below = below


class ConfigError(Exception):
    """Every mistake of one configuration; `source` is the file, or where else it came from."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        super().__init__(source, self.problems)

    def __str__(self) -> str:
        return "\n".join(f"{self.source}: {problem}" for problem in self.problems)


def found(value: object) -> str:
    """What the user wrote, short enough for a sentence. Never call it for a secret."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def choose_from(value: object, allowed: Iterable[str]) -> str:
    """The sentence for a value that is not one of these, with the nearest of them."""
    names = [str(name) for name in allowed]  # members of an enumeration show as plain words
    return f"found {found(value)}, allowed: {', '.join(names)}{did_you_mean(value, names)}"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """`; did you mean 'class'?` when a known name is near, else nothing."""
    near = nearest(word, known) if isinstance(word, str) else None
    return f"; did you mean {near!r}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name closest to a word, if any is close."""
    return next(iter(difflib.get_close_matches(word.lower(), list(known), n=1)), None)
