"""The values inside a YAML or JSON text, edited where they stand: comments and layout survive."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Final

import yaml

Edit = Callable[[str], str]
"""Replaces parts of a value; it adds no line break and is harmless to a comment."""

_BLOCK_STYLES: Final = ("|", ">")
_JSON_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


def edit_yaml(text: str, edit: Edit) -> str:
    """Apply `edit` to every value and comment of a YAML text.

    Values keep their style where the text then reads back right; otherwise those that changed
    are put in double quotes.
    """
    edited = edit(text)
    if edited == text or _reads_back(edited, [edit(token.value) for token in _scalars(text)]):
        return edited
    return "".join(_requoted(text, edit))


def edit_json(text: str, edit: Edit) -> str:
    """Apply `edit` to every string of a JSON text."""

    def edit_string(found: re.Match[str]) -> str:
        value: str = json.loads(found[0])
        edited = edit(value)
        return found[0] if edited == value else double_quoted(edited)

    return _JSON_STRING.sub(edit_string, text)


def double_quoted(value: str) -> str:
    """The value as JSON writes it, which YAML reads as well."""
    return json.dumps(value, ensure_ascii=False)


def items(node: yaml.Node | None) -> list[yaml.Node]:
    """What a sequence of a composed text holds; nothing when it is none."""
    return node.value if isinstance(node, yaml.SequenceNode) else []


def value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of a key of a composed mapping; None where there is none."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((found for name, found in pairs if name.value == key), None)


def _scalars(text: str) -> Iterator[yaml.ScalarToken]:
    return (
        token
        for token in yaml.scan(text, Loader=yaml.SafeLoader)
        if isinstance(token, yaml.ScalarToken)
    )


def _reads_back(text: str, values: list[str]) -> bool:
    try:
        return [token.value for token in _scalars(text)] == values
    except yaml.YAMLError:
        return False


def _requoted(text: str, edit: Edit) -> Iterator[str]:
    end = 0
    for token in _scalars(text):
        yield edit(text[end : token.start_mark.index])
        start, end = token.start_mark.index, token.end_mark.index
        value = edit(token.value)
        if token.style in _BLOCK_STYLES or value == token.value:
            yield edit(text[start:end])
        else:
            yield double_quoted(value)
    yield edit(text[end:])
