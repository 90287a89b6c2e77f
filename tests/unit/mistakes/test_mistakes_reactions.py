# ruff: noqa: E501  (each sentence stands on one line, as the user reads it)
"""What is wrong with a reaction is told with its path, its line, and what is allowed."""

import pytest

REACTIONS = {
    "a pattern": (
        "redis: {url: redis://h}\nreactions:\n  - {after: 'a*', expect: b, within: 1m}\n",
        [
            r"reactions[0].after (line 3): found 'a*', a pattern; a reaction names each stream in full, with \ before a character that is meant literally",
        ],
    ),
    "the same stream": (
        "redis: {url: redis://h}\nreactions:\n  - {after: a, expect: 'a', within: 1m}\n",
        [
            "reactions[0].expect (line 3): the same stream as after: an entry would answer itself",
        ],
    ),
    "twice": (
        "redis: {url: redis://h}\nreactions:\n  - {after: a, expect: b, within: 1m}\n  - {after: a, expect: b, within: 2m}\n",
        [
            "reactions[1].expect (line 4): the same pair is declared in an earlier entry already",
        ],
    ),
    "no limit, and a key that is none": (
        "redis: {url: redis://h}\nreactions:\n  - {after: a, expects: b}\n",
        [
            "reactions[0].expect (line 3): missing",
            "reactions[0].within (line 3): missing",
            "reactions[0].expects (line 3): unknown key, allowed: redis, after, expect, within; did you mean 'expect'?",
        ],
    ),
    "a limit without a unit": (
        "redis: {url: redis://h}\nreactions:\n  - {after: a, expect: b, within: 600}\n",
        [
            "reactions[0].within (line 3): found 600 without a unit, write 600s",
        ],
    ),
}


@pytest.mark.parametrize("name", REACTIONS)
def test_mistakes_in_reactions(problems, name):
    text, sentences = REACTIONS[name]
    assert problems(text) == sentences
