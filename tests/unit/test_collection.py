"""`make nightly` collects all tests in one run: outside packages a file's name is its module's."""

from collections import Counter
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_no_two_modules_of_tests_have_one_name():
    alone = [one for one in TESTS.rglob("*.py") if not (one.parent / "__init__.py").exists()]
    counts = Counter(one.name for one in alone if one.name != "conftest.py")
    assert [name for name, count in counts.items() if count > 1] == []
