"""Each row of docs/faults.md and docs/evidence.md names a test that is there; none is left out."""

import ast
import re
from pathlib import Path

from support.metrics import EVIDENCE

TESTS = Path(__file__).parents[1]
DOCUMENTS = TESTS.parent / "docs"
ROW = re.compile(r"^\| .+ \| .+ \| `(\w+/test_\w+\.py)::(test_\w+)` \|$", re.MULTILINE)
LEAST = {"faults.md": 60, "evidence.md": 35}
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


def rows(document: str) -> list[tuple[str, str]]:
    return ROW.findall((DOCUMENTS / document).read_text())


def test_each_row_names_a_test_that_is_there():
    for document, least in LEAST.items():
        text = (DOCUMENTS / document).read_text()
        lines = [line for line in text.splitlines() if "::test_" in line]
        assert len(rows(document)) == len(lines) >= least
        for file, name in rows(document):
            assert name in named_in(TESTS / file), document


def test_every_test_of_a_fault_has_its_one_row():
    shown = rows("faults.md")
    assert len(set(shown)) == len(shown)
    for file in sorted((TESTS / "integration").glob("test_faults_*.py")):
        others = OTHERS.get(file.name, set())
        if others is not None:
            tested = {(f"integration/{file.name}", name) for name in named_in(file) - others}
            assert tested - set(shown) == set()


def test_every_series_that_rests_on_several_looks_has_a_proof():
    text = (DOCUMENTS / "evidence.md").read_text()
    assert [name for name in EVIDENCE if f"`{name}`" not in text] == []
