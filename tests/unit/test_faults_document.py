"""Each row of the table of faults names a test that is there, and no test is left out."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
DOCUMENT = TESTS.parent / "docs" / "faults.md"
ROW = re.compile(r"^\| .+ \| .+ \| `(\w+/test_\w+\.py)::(test_\w+)` \|$", re.MULTILINE)
LEAST = 60
# Not faults of Redis or of the exporter: what a scrape costs, and what the tests' own proxy does.
OTHERS = {
    "test_faults_proxy.py": None,
    "test_faults_cost.py": {
        "test_scrape_sends_no_scan_and_keeps_its_connection",
        "test_each_stream_is_asked_for_once_per_round_and_many_of_them_at_a_time",
        "test_nothing_but_reading_is_ever_sent",
    },
    "test_faults_names.py": {"test_names_of_all_bytes_pass_promtool"},
}


def named_in(file: Path) -> set[str]:
    body = ast.parse(file.read_text()).body
    names = {one.name for one in body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in names if name.startswith("test_")}


def rows() -> list[tuple[str, str]]:
    return ROW.findall(DOCUMENT.read_text())


def test_each_row_is_one_fault_and_names_a_test_that_is_there():
    lines = [line for line in DOCUMENT.read_text().splitlines() if "::test_" in line]
    assert len(rows()) == len(lines) >= LEAST
    assert len(set(rows())) == len(rows())
    absent = [(file, name) for file, name in rows() if name not in named_in(TESTS / file)]
    assert absent == []


def test_every_test_of_a_fault_has_its_row():
    shown = set(rows())
    for file in sorted((TESTS / "integration").glob("test_faults_*.py")):
        others = OTHERS.get(file.name, set())
        if others is not None:
            tested = {(f"integration/{file.name}", name) for name in named_in(file) - others}
            assert tested - shown == set()
