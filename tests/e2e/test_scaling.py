"""The files that the other tests here run with are the shipped ones, only quicker."""

import re
from collections.abc import Iterator

import pytest

from e2e.scaling import (
    ALERTMANAGER,
    FACTOR,
    RULES,
    longest_memory,
    quick_paging_rules,
)
from streamgauge_demo.quick import quick, quick_alertmanager, quick_expression, quick_rules, seconds
from support import fast_yaml

# Every number of the shipped expressions that is seconds without a unit. One that joins them is to
# be looked at: it may be a count, which is the same at any pace.
UNITLESS_SECONDS = {"60", "120", "300", "1800", "3600"}
NUMBER = re.compile(r"(?<![\w:.])(\d+[a-z]*)")


def test_times_are_divided_and_nothing_else():
    assert FACTOR == 30
    assert [quick(one, FACTOR) for one in ("10m", "1h30m", "1s")] == ["20s", "180s", "33ms"]
    assert quick_expression(
        'f(a5m:b_90:x5m{c="5m, 60"}[10m:1m] offset 20m) > 60 + 2 * 3600 == +Inf and on (d) e > 5',
        FACTOR,
    ) == ('f(a5m:b_90:x5m{c="5m, 60"}[20s:2s] offset 40s) > 2 + 2 * 120 == +Inf and on (d) e > 5')


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.name)
def test_a_rule_file_differs_in_its_times_alone(file):
    """Leaf by leaf and number by number: what differs is a time, and it differs by the factor."""
    shipped = dict(leaves(fast_yaml.load(file.read_text())))
    scaled = dict(leaves(quick_rules(file.read_text(), FACTOR)))
    assert shipped.keys() == scaled.keys()
    divided: set[str] = set()
    for path, text in shipped.items():
        if path[-1] not in ("expr", "for", "keep_firing_for"):
            assert scaled[path] == text, path
            continue
        before, after = NUMBER.split(text), NUMBER.split(scaled[path])
        assert before[::2] == after[::2], path
        divided |= {one for one in map(divided_number, before[1::2], after[1::2]) if one}
    assert {one for one in divided if one.isdecimal()} <= UNITLESS_SECONDS
    assert divided


def divided_number(before: str, after: str) -> str | None:
    """The number as it was, when it is a time; None for one that stayed."""
    if before.isdecimal():
        assert int(after) in (int(before), int(before) / FACTOR)
    else:
        assert seconds(after) == seconds(before) / FACTOR
    return None if before == after else before


def leaves(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple, str]]:
    if isinstance(node, dict | list):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in items:
            yield from leaves(child, (*path, key))
    else:
        yield path, str(node)


def test_the_alertmanager_example_differs_in_its_times_and_addresses_alone():
    shipped = dict(leaves(fast_yaml.load(ALERTMANAGER.read_text())))
    example, url = ALERTMANAGER.read_text(), "http://127.0.0.1:1"
    scaled = dict(leaves(quick_alertmanager(example, url, FACTOR)))
    assert shipped.keys() == scaled.keys()
    changed = {path for path in shipped if shipped[path] != scaled[path]}
    times = {path for path in changed if path[0] in ("global", "route")}
    assert {str(path[-1]) for path in times} == {
        *("resolve_timeout", "group_wait", "group_interval", "repeat_interval")
    }
    for path in times:
        assert seconds(scaled[path]) == seconds(shipped[path]) / FACTOR
    assert {scaled[path] for path in changed - times} == {
        *("http://127.0.0.1:1/pager", "http://127.0.0.1:1/tickets")
    }


def test_the_longest_memory_is_that_of_losses():
    losing = quick_paging_rules()["RedisStreamGroupLosingEntries"]
    assert "[49m]" not in losing["expr"]
    assert longest_memory() == seconds("49m") / FACTOR
