# ruff: noqa: E501  (each sentence stands on one line, as the user reads it)
"""`keys:`: what it declares, and every mistake in it, told with its place."""

import textwrap

import pytest

from streamgauge.config import ConfigError, KeyRule, load_config
from streamgauge.config.describe import describe
from streamgauge.policy import Policy
from streamgauge.state_keys import NO_STATE_KEYS, StateKey

WHOLE = r"""
keys:
  - {key: policy, deadline_field: valid_until}
  - {key: 'odd\*', max_age_field: at, max_age: 1h30m}
  - {key: plain}
  - {match: "hold:*"}
"""
MISTAKES = {
    "nothing named": (
        "- {}",
        "keys[0].match (line 3): missing: write key for one key, or match for a pattern whose keys are counted",
    ),
    "no name": ("- {key: }", "keys[0].key (line 3): found nothing, allowed: text"),
    "both": (
        "- {key: a, match: b}",
        "keys[0].match (line 3): given beside key; write two entries, or remove one of them",
    ),
    "a pattern for a name": (
        "- {key: 'a*'}",
        r"keys[0].key (line 3): found 'a*', a pattern; write match to count what matches it, or \ before a character that is meant literally",
    ),
    "no pattern": (
        "- {match: 'a[b'}",
        r"keys[0].match (line 3): found 'a[b': the pattern has a [ without its ]; write \[ for the character itself",
    ),
    "a field of a pattern": (
        "- {match: a, deadline_field: f}",
        "keys[0].deadline_field (line 3): keys that match are only counted; a deadline_field is for an entry with key",
    ),
    "two fields": (
        "- {key: a, deadline_field: f, max_age_field: g, max_age: 5m}",
        "keys[0].max_age_field (line 3): given beside deadline_field; a key has one deadline",
    ),
    "no age": (
        "- {key: a, max_age_field: f}",
        "keys[0].max_age (line 3): missing: how long after the time in f the key counts as fresh",
    ),
    "an age without its field": (
        "- {key: a, max_age: 5m}",
        "keys[0].max_age (line 3): given without max_age_field, which holds when it was refreshed",
    ),
    "no duration": (
        "- {key: a, max_age_field: f, max_age: 300}",
        "keys[0].max_age (line 3): found 300 without a unit, write 300s",
    ),
    "no such name": (
        '- {key: a, deadline_field: "\\uD800"}',
        "keys[0].deadline_field (line 3): found '\\ud800': holds half a surrogate pair, which no name can contain",
    ),
    "one key twice": (
        "- {key: a}\n- {key: '\\a', deadline_field: f}",
        r"keys[1].key (line 4): '\\a' is declared in an earlier entry already",
    ),
    "one pattern twice": (
        "- {match: 'a*'}\n- {match: 'a*'}",
        "keys[1].match (line 4): 'a*' is declared in an earlier entry already",
    ),
    "unknown": (
        "- {key: a, deadlinefield: f}",
        "keys[0].deadlinefield (line 3): unknown key, allowed: key, match, deadline_field, max_age_field, max_age; did you mean 'deadline_field'?",
    ),
}


@pytest.fixture
def load(tmp_path):
    def load_text(text: str):
        path = tmp_path / "config.yml"
        path.write_text("redis: {url: redis://h}\n" + text)
        return load_config(path, environ={})

    return load_text


def test_an_entry_is_a_key_or_a_pattern(load):
    config = load(WHOLE)
    assert config.keys == (
        KeyRule(key="policy", field="valid_until"),
        KeyRule(key=r"odd\*", field="at", max_age_seconds=5400.0),
        KeyRule(key="plain"),
        KeyRule(match="hold:*"),
    )
    assert Policy.from_config(config).keys == (
        (
            StateKey(b"policy", b"valid_until"),
            StateKey(b"odd*", b"at", 5400.0),
            StateKey(b"plain"),
        ),
        (b"hold:*",),
    )


@pytest.mark.parametrize("text", ["", "keys:", "keys: []"])
def test_nothing_is_declared_where_nothing_is_written(load, text):
    assert Policy.from_config(load(text)).keys == NO_STATE_KEYS


def test_a_name_and_a_pattern_may_read_the_same(load):
    assert len(load("keys: [{key: a}, {match: a}]").keys) == 2


def test_names_that_are_not_unicode_can_be_declared(load):
    keys = Policy.from_config(load('keys: [{key: "\\udcff", deadline_field: "\\udcfe"}]')).keys
    assert keys.named == (StateKey(b"\xff", b"\xfe"),)


def test_keys_alone_are_worth_watching(load):
    assert load("discovery: {match: []}\nkeys: [{key: a}]").keys
    with pytest.raises(ConfigError, match="nothing would be watched"):
        load("discovery: {match: []}")


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_place(load, name):
    text, sentence = MISTAKES[name]
    with pytest.raises(ConfigError) as error:
        load("keys:\n" + text)
    assert [str(problem) for problem in error.value.problems] == [sentence]


def test_check_config_shows_what_is_declared(load):
    shown = r"""
        State keys
               key     deadline
          [0]  policy  the time in valid_until
          [1]  odd\*   1h30m after the time in at
          [2]  plain   -
          [3]  hold:*  counted
    """
    assert describe(load(WHOLE)).endswith(textwrap.dedent(shown).strip("\n"))
    assert "State keys" not in describe(load(""))
