"""Adding rules to the user's file: shown to the configuration's own reader before it counts."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from streamgauge.config import Config, ConfigError
from streamgauge.policy import Policy
from streamgauge.suggest.rules import SuggestedRule, rule_lines


@contextmanager
def replacing(path: Path, content: bytes) -> Iterator[Path]:
    """Write a file beside `path` for the caller to look at, and put it in its place at the end.

    An exception, Ctrl-C among them, leaves what was there before. A link stays one, and a file
    keeps its mode. Raises OSError.
    """
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
        yield draft
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


class NotExtensibleError(Exception):
    """A file whose form leaves no place for further rules; the text says why."""


class _Place(NamedTuple):
    """Where new lines go, in characters; how far items are indented, and the line before them."""

    at: int
    indent: str
    key: str = ""


def extended(text: str, write: Callable[[str], Iterable[str]]) -> str:
    """Add the lines that `write` gives for an indent to the end of the list `streams`.

    The text must be a valid configuration. Raises NotExtensibleError for a list in brackets, an
    alias, and the like.
    """
    place = _place(text)
    end = "\r\n" if "\r\n" in text else "\n"
    head, tail = text[: place.at], text[place.at :]
    if head and not head.endswith("\n"):
        head += end
    lines = [*((place.key,) if place.key else ()), *write(place.indent)]
    return head + "".join(line + end for line in lines) + tail


def _place(text: str) -> _Place:
    events: list[Any] = list(yaml.parse(text, Loader=yaml.SafeLoader))
    if any(isinstance(event, yaml.DocumentEndEvent) and event.explicit for event in events):
        raise NotExtensibleError("it has an end mark, a line of three dots")
    content = events[2:-2]  # without the marks of stream and document
    if not content or isinstance(content[0], yaml.ScalarEvent):
        return _Place(len(text), "  ", "streams:")
    root = content[0]
    if not isinstance(root, yaml.MappingStartEvent) or root.flow_style:
        raise NotExtensibleError("it is written in braces")
    first = content[1]
    margin = " " * first.start_mark.column
    at = 1
    while at < len(content) - 1:
        key, value_end = content[at], _node_end(content, at + 1)
        if isinstance(key, yaml.ScalarEvent) and key.value == "streams":
            return _place_in(text, margin, content[at + 1 : value_end])
        at = value_end
    return _Place(len(text), f"{margin}  ", f"{margin}streams:")


def _node_end(events: Sequence[Any], at: int) -> int:
    """The index behind the node that begins at this event."""
    depth = 0
    while True:
        depth += isinstance(events[at], yaml.CollectionStartEvent)
        depth -= isinstance(events[at], yaml.CollectionEndEvent)
        at += 1
        if depth == 0:
            return at


def _place_in(text: str, margin: str, value: Sequence[Any]) -> _Place:
    """The place in what stands behind `streams:`."""
    start = value[0]
    if _is_scalar(start) and not start.value:
        return _Place(_next_line(text, start.end_mark.index), f"{margin}  ")
    if _is_scalar(start) or isinstance(start, yaml.AliasEvent):
        raise NotExtensibleError("there is something else than a list behind streams:")
    if start.flow_style:
        raise NotExtensibleError("streams is a list in brackets, not one of lines with a dash")
    ends = (event for event in value if _stands_where_it_ends(event))
    end = max(event.end_mark.index for event in ends)
    last = len(text[:end].rstrip())  # the mark behind a block of text is behind blank lines too
    place = _next_line(text, last)
    return _Place(_behind_comments(text, place, len(margin)), " " * value[0].start_mark.column)


def _stands_where_it_ends(event: Any) -> bool:
    """Whether an event ends with its text; a block list ends where the next thing begins."""
    has_text = bool(event.end_mark.index > event.start_mark.index)
    if isinstance(event, yaml.CollectionEndEvent):
        return has_text  # a closing bracket
    return _is_scalar(event) or isinstance(event, yaml.AliasEvent)


def _is_scalar(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent)


def _next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _behind_comments(text: str, at: int, margin: int) -> int:
    """Skip the comments that follow and are indented: they are about the list."""
    while at < len(text):
        line = text[at : _next_line(text, at)]
        if not line.lstrip().startswith("#") or len(line) - len(line.lstrip()) <= margin:
            break
        at += len(line)
    return at


class UpdateError(Exception):
    """The file stays as it is; the text says why."""


def add_rules(
    path: Path, before: bytes, rules: Sequence[SuggestedRule], load: Callable[[Path], Config]
) -> None:
    """Append rules to the file, whose content was `before` when the work began.

    `load` reads a configuration from a path. Raises UpdateError, and then nothing was written.
    """
    try:
        text = extended(before.decode(), lambda indent: rule_lines(rules, indent))
        old = load(path)
        with replacing(path, text.encode()) as draft:
            _check(old, load(draft), rules)
            if path.read_bytes() != before:
                raise UpdateError("it was changed meanwhile")
    except (NotExtensibleError, ConfigError, yaml.YAMLError) as error:
        raise UpdateError(str(error)) from error
    except OSError as error:
        raise UpdateError(error.strerror or type(error).__name__) from error


def _check(old: Config, new: Config, rules: Sequence[SuggestedRule]) -> None:
    """Make sure that what was there says what it said, and each new rule what it should."""
    kept = replace(new, streams=old.streams) == old
    if not kept or new.streams[: len(old.streams)] != old.streams:
        raise UpdateError("its form does not let rules be added at the end of streams")
    policy = Policy.from_config(new)
    for rule in rules:
        for proposal in rule.proposals:
            found = policy.resolve(proposal.name)
            expected = rule.terms.stream_class if rule.terms else None
            if (found and found.stream_class) != expected:
                raise UpdateError("its form does not let rules be added at the end of streams")
