"""Values are edited where they stand; comments, order and layout are as before."""

import json

import pytest
import yaml

from streamgauge.pack.scalars import edit_json, edit_yaml

STYLES = """\
# job=old and a comment
plain: f(job=old)   # and job=old
double: "g(\\"x\\") job=old"
single: 'it''s job=old'
block: |
  first
    job=old  # no comment
folded: >-
  job=old
  goes on
list: [job=old, other]
job=old: key
"""


def becomes(new: str):
    return lambda text: text.replace("job=old", f"job={new}")


@pytest.mark.parametrize(
    "new", ["new", "a b", "a: b", "a #b", "it's", 'say "x"', "a, b", "]", "a\\b", "{{ x", "é✓"]
)
def test_every_value_reads_back_as_the_edit_left_it(new):
    edit = becomes(new)
    expected = {
        edit(key): [edit(each) for each in value] if isinstance(value, list) else edit(value)
        for key, value in yaml.safe_load(STYLES).items()
    }
    edited = edit_yaml(STYLES, edit)
    assert yaml.safe_load(edited) == expected
    assert len(edited.splitlines()) == len(STYLES.splitlines()) - ("  goes on" not in edited)


def test_a_harmless_value_changes_nothing_around_it():
    assert edit_yaml(STYLES, becomes("new")) == STYLES.replace("job=old", "job=new")


def test_a_value_that_would_break_the_text_is_put_in_quotes():
    text = "# job=old\na: b=job=old  # why\nc: plain\nd: |\n  job=old\n"
    assert edit_yaml(text, becomes("x #y")) == (
        '# job=x #y\na: "b=job=x #y"  # why\nc: plain\nd: |\n  job=x #y\n'
    )


def test_without_a_change_the_text_is_not_even_read():
    assert edit_yaml("{not yaml", becomes("new")) == "{not yaml"


def test_json_strings_are_edited_as_values():
    text = '{\n  "a" :  "up{job=old, b=\\"c\\"}",\n  "b": ["\\u003cd\\u003e", 1.50]\n}\n'
    edited = edit_json(text, becomes('"n\\w"'))
    assert json.loads(edited) == {"a": 'up{job="n\\w", b="c"}', "b": ["<d>", 1.5]}
    assert edited.startswith('{\n  "a" :  "')
    assert edited.endswith('"b": ["\\u003cd\\u003e", 1.50]\n}\n')
