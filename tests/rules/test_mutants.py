"""Every guard of the paging rules is needed: without it, or turned round, a scenario goes wrong."""

import pytest

from rules.mutants import CHANGES, Expression, affected, mutants
from rules.mutation import Mutation

pytestmark = pytest.mark.nightly


def changes(expression):
    found = {changed for kind in CHANGES for _, changed in kind(Expression(expression))}
    return {" ".join(changed.split()).replace(" )", ")") for changed in found}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a and b", {"b", "a", "a unless b"}),
        ("a unless on (x) b", {"a", "a and on (x) b", "a unless b"}),
        ("a or (b > 1)", {"(b > 1)", "a", "a or (b <= 1)", "a or (b)"}),
        ("max without (pod) (a)", {"(a)", "min without (pod) (a)"}),
        ('a{b="c", d!="e"}', {'a{d!="e"}', 'a{b="c"}'}),
        ("last_over_time(a[5m] offset 1m)", {"(a offset 1m)"}),
        ("min_over_time(a[5m])", {"(a)", "max_over_time(a[5m])"}),
        ("a - on (x) group_right () b", {"a - b"}),
    ],
)
def test_each_guard_is_removed_and_turned_round(expression, expected):
    assert changes(expression) == expected


def test_what_depends_on_a_changed_rule_is_changed_with_it():
    rules = [
        {"record": "a:b", "expr": "max without (pod) (x)"},
        {"record": "a:c", "expr": "y"},
        {"alert": "A", "expr": "a:b > a:c", "for": "1m"},
        {"alert": "B", "expr": "a:c"},
    ]
    assert affected(rules, 0) == [0, 2]
    assert affected(rules, 1) == [1, 2, 3]
    found = {(mutant.name, mutant.change) for mutant in mutants(rules, {"A"})}
    assert ("A", "without for") in found
    assert ("a:b", "min of without (pod) (x)") in found
    assert "B" not in {name for name, _ in found}


def test_every_mutant_of_the_paging_rules_is_caught(capsys):
    mutation = Mutation()
    mutation.play_all()
    with capsys.disabled():
        print(f"\n{mutation.report()}")
    assert mutation.survivors() == []
    assert len(mutation.mutants) > 150
