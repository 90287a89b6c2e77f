# ruff: noqa: E501  (each sentence stands on one line, as the user reads it)
"""A file that is no YAML, no mapping or no file is told by its line and column."""

import pytest

from streamgauge.config import ConfigError, load_config
from streamgauge.config import document as document_module

FORM = {
    "a list": (
        "[1, 2]",
        [
            "line 1: found a list, allowed: a mapping such as redis: ...",
        ],
    ),
    "text": (
        "hello",
        [
            "line 1: found text, allowed: a mapping such as redis: ...",
        ],
    ),
    "broken": (
        "redis:\n  url: [a\nstreams: {}\n",
        [
            "line 3: not valid YAML at column 8: expected ',' or ']', but got ':'",
        ],
    ),
    "tab": (
        "redis:\n\turl: x\n",
        [
            "line 2: not valid YAML at column 1: found character '\\t' that cannot start any token",
        ],
    ),
    "two documents": (
        "redis: {}\n---\nredis: {}\n",
        [
            "line 2: not valid YAML at column 1: but found another document",
        ],
    ),
    "control character": (
        "redis: \x07\n",
        [
            "line 1: not valid YAML at column 8: '\\x07' is not allowed",
        ],
    ),
    "not UTF-8": (
        b"redis: \xff\n",
        [
            "not UTF-8 text: byte 7 is not valid",
        ],
    ),
    "alias": (
        "redis: {password: *hunter2}\n",
        [
            "line 1: not valid YAML at column 19: text that starts with * must be in quotes",
        ],
    ),
    "tag": (
        "redis: {password: !hunter2 x}\n",
        [
            "line 1: not valid YAML at column 19: text that starts with ! must be in quotes",
        ],
    ),
    "anchor": (
        "redis: {url: &hunter2 a, password: &hunter2 b}\n",
        [
            "line 1: not valid YAML at column 36: text that starts with & must be in quotes",
        ],
    ),
    "impossible date": (
        "redis: {name: 2026-02-30}\n",
        [
            "not valid YAML: a value that looks like a date or number is none; put it in quotes",
        ],
    ),
    "deep": (
        "[" * 20_000,
        [
            "not valid YAML: nested too deeply",
        ],
    ),
    "deep and closed": (
        "a: " + "[" * 100_000 + "]" * 100_000,
        [
            "not valid YAML: nested too deeply",
        ],
    ),
    "duplicate key": (
        "redis: {url: redis://h}\nstreams:\n  - match: s\n    class: event\n    match: t\n",
        [
            "streams[0].match (line 5): given twice, first on line 3",
        ],
    ),
    "list as key": (
        "redis: {url: redis://h}\n? [a]\n: b\n",
        [
            "line 2: found a list or mapping as a key, allowed: text",
        ],
    ),
    "number as key": (
        "redis: {url: redis://h}\ndiscovery: {5: b}\n",
        [
            "discovery.5 (line 2): unknown key, allowed: match, interval, max_streams, max_consumers",
        ],
    ),
    "contains itself": (
        "redis: {url: redis://h}\ndiscovery: &a {match: *a}\n",
        [
            "discovery.match (line 2): found a mapping, allowed: a list",
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), FORM.values(), ids=FORM)
def test_a_file_of_the_wrong_form_is_told_by_line_and_column(problems, text, expected):
    assert problems(text) == expected


@pytest.mark.parametrize("name", ["none.yml", ".", "file.yml/below.yml"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, name):
    (tmp_path / "file.yml").write_text("")
    with pytest.raises(ConfigError) as error:
        load_config(tmp_path / name, environ={})
    reason = {
        "none.yml": "No such file or directory",
        ".": "Is a directory",
        "file.yml/below.yml": "Not a directory",
    }[name]
    assert str(error.value) == f"{tmp_path / name}: cannot be read: {reason}"


def test_the_words_do_not_depend_on_the_parser_that_is_installed(problems, monkeypatch):
    monkeypatch.setattr(document_module, "_FAST_LOADER", document_module.yaml.SafeLoader)
    assert problems(FORM["tab"][0]) == FORM["tab"][1]


def test_an_error_of_the_parser_without_a_place_is_still_one_sentence():
    problem = document_module._syntax_problem(document_module.yaml.YAMLError(), "")
    assert str(problem) == "not valid YAML"
