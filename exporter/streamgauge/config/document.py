"""A YAML file as plain data that remembers on which line each thing stands."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from streamgauge.config.problems import ConfigError, Problem

Location = tuple[str | int, ...]

_TEXT_TAG: Final = "tag:yaml.org,2002:str"
_DEEPEST: Final = 100
_MERGE_TAG: Final = "tag:yaml.org,2002:merge"
# The C parser is ten times faster; its wheel is not built for every platform.
_FAST_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class YamlDocument:
    """The data of one file, the problems of its form, and the line of each path."""

    def __init__(
        self, data: dict[str, Any], root: yaml.Node | None = None, problems: Sequence[Problem] = ()
    ) -> None:
        self.data = data
        self.problems = tuple(problems)
        self._root = root

    def line_of(self, location: Location) -> int | None:
        """The line of the deepest part of this path that the file holds, where its key stands."""
        if self._root is None:
            return None
        node, line = self._root, _line(self._root)
        for step in location:
            child = _child(node, step)
            if child is None:
                break
            node, line = child
        return line


def read_document(path: Path) -> YamlDocument:
    """Read a configuration file; ConfigError when it cannot be read or is not YAML at all."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"not UTF-8 text: byte {error.start} is not valid") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise _unreadable(path, f"cannot be read: {reason}") from None
    return parse_document(text, str(path))


def parse_document(text: str, source: str) -> YamlDocument:
    """The document in a YAML text. Raises ConfigError with line and column when it is not YAML."""
    try:
        root = _compose(text)
        if root is None or (isinstance(root, yaml.ScalarNode) and root.value in ("", "~", "null")):
            return YamlDocument({})
        if not isinstance(root, yaml.MappingNode):
            kind = "a list" if isinstance(root, yaml.SequenceNode) else "text"
            problem = Problem(
                "", f"found {kind}, allowed: a mapping such as redis: ...", _line(root)
            )
            raise ConfigError(source, [problem])
        problems = list(_key_problems(root, (), set()))
        return YamlDocument(_construct(root), root, problems)
    except yaml.YAMLError as error:
        raise ConfigError(source, [_syntax_problem(error, text)]) from None
    except ValueError:
        # Such as the impossible date 2026-02-30; the text could be a password, so it is not
        # repeated.
        message = (
            "not valid YAML: a value that looks like a date or number is none; put it in quotes"
        )
        raise ConfigError(source, [Problem("", message)]) from None
    except RecursionError:
        raise ConfigError(source, [Problem("", "not valid YAML: nested too deeply")]) from None


def dotted(location: Location) -> str:
    """`streams[2].class` for ("streams", 2, "class"); what cannot be printed is escaped."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        key = step if step.isprintable() else repr(step)[1:-1]
        text += f".{key}" if text else key
    return text


def _unreadable(path: Path, message: str) -> ConfigError:
    return ConfigError(os.fspath(path), [Problem("", message)])


def _compose(text: str) -> yaml.Node | None:
    try:
        _check_depth(text)
        return _compose_with(_FAST_LOADER, text)
    except yaml.YAMLError:
        # For the same words everywhere, the parser that is always there tells the mistake.
        return _compose_with(yaml.SafeLoader, text)


def _check_depth(text: str) -> None:
    """Raise RecursionError for a depth at which the C composer would overflow its stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_FAST_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise RecursionError


def _compose_with(loader_class: Callable[[str], Any], text: str) -> yaml.Node | None:
    loader = loader_class(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    return node


def _construct(root: yaml.MappingNode) -> dict[str, Any]:
    data: dict[str, Any] = yaml.SafeLoader("").construct_document(root)
    return data


def _key_problems(node: yaml.Node, location: Location, seen: set[int]) -> Iterator[Problem]:
    """Keys given twice, of which YAML would silently keep the last; makes every other key text."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _key_problems(item, (*location, index), seen)
    if not isinstance(node, yaml.MappingNode):
        return
    first_lines: dict[str, int] = {}
    for pair in list(node.value):
        key, value = pair
        if not isinstance(key, yaml.ScalarNode):
            yield Problem(
                dotted(location), "found a list or mapping as a key, allowed: text", _line(key)
            )
            node.value.remove(pair)
            continue
        if key.tag != _MERGE_TAG:
            key.tag = _TEXT_TAG
        here = (*location, key.value)
        if key.value in first_lines:
            message = f"given twice, first on line {first_lines[key.value]}"
            yield Problem(dotted(here), message, _line(key))
        first_lines.setdefault(key.value, _line(key))
        yield from _key_problems(value, here, seen)


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in reversed(node.value):
            if key.value == step:
                return value, _line(key)
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], _line(node.value[step])
    return None


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _syntax_problem(error: yaml.YAMLError, text: str) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        *before, last = text[: error.position].split("\n")
        character = ascii(text[error.position])
        message = f"not valid YAML at column {len(last) + 1}: {character} is not allowed"
        return Problem("", message, len(before) + 1)
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Problem("", "not valid YAML")
    mark = error.problem_mark
    sentence = _without_content(error.problem or "", error.context or "")
    return Problem("", f"not valid YAML at column {mark.column + 1}: {sentence}", mark.line + 1)


def _without_content(problem: str, context: str) -> str:
    """The parser's sentence, replaced where it would repeat text that may be a password."""
    for word, sign in (("alias", "*"), ("anchor", "&"), ("tag", "!")):
        if word in problem or word in context:
            return f"text that starts with {sign} must be in quotes"
    return problem
