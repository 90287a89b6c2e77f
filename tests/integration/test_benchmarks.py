"""The benchmarks run from beginning to end, at a size where no time means anything."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.peers import newest_here
from support.servers import ROOT, require_binary

pytestmark = pytest.mark.nightly

COMPARE = ROOT / "benchmarks/compare.py"
OURS, PEER, FLOOR = "streamgauge", "redis_exporter", "floor"
# A part in so many: ten streams for ten thousand, one for a hundred.
SCALE = 0.001


def run(folder: Path, *arguments: str) -> dict[str, Any]:
    """What a run of compare.py wrote as JSON."""
    require_binary("redis-7.0")
    file = folder / "figures.json"
    command = [sys.executable, COMPARE, "--rounds=1", f"--json={file}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(file.read_text())
    return figures


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    figures = run(tmp_path_factory.mktemp("comparison"), "--shape=5x2x2")
    (case,) = figures["cases"].values()
    found: dict[str, Any] = case["figures"]
    return found


def test_contenders_take_turns(comparison: dict[str, Any]) -> None:
    peer = {PEER} if newest_here(PEER).path else set()
    assert set(comparison["measures"]) == {OURS, FLOOR} | peer


def test_series_are_those_of_all_streams(comparison: dict[str, Any]) -> None:
    ours = comparison["measures"][OURS]
    # 5 streams x (8 + 2 groups x (9 + 2 consumers x 3)), but for what is not known of some.
    assert 5 * (6 + 2 * (6 + 2 * 2)) <= ours["series"] < 5 * (8 + 2 * (9 + 2 * 3)) + 200
    assert ours["body_bytes"] > 20 * ours["series"]
    assert 0 < ours["gzip_bytes"] < ours["body_bytes"]


def test_floor_exchanges_the_same_as_a_scrape(comparison: dict[str, Any]) -> None:
    ours, floor = (comparison["measures"][name]["redis_bytes"]["median"] for name in (OURS, FLOOR))
    assert ours > 5 * 200
    # But for the counters that grow a digit, and what discovery asks meanwhile.
    assert ours == pytest.approx(floor, abs=1000)


def test_floor_has_neither_text_nor_memory_of_its_own(comparison: dict[str, Any]) -> None:
    floor = comparison["measures"][FLOOR]
    for nothing in ("gzip_wall_ms", "resident_mb", "series", "body_bytes", "gzip_bytes"):
        assert floor[nothing] is None


def test_every_exporter_is_measured_in_full(comparison: dict[str, Any]) -> None:
    for name in set(comparison["measures"]) - {FLOOR}:
        measures = comparison["measures"][name]
        for each in ("wall_ms", "gzip_wall_ms", "exporter_cpu_ms"):
            assert 0 < measures[each]["low"] <= measures[each]["median"] <= measures[each]["high"]
        assert 0 < measures["resident_mb"] <= measures["peak_mb"]


def test_ratio_is_that_of_the_medians(comparison: dict[str, Any]) -> None:
    ours, floor = (comparison["measures"][name]["wall_ms"]["median"] for name in (OURS, FLOOR))
    assert comparison["ratios"]["wall_ms/floor"] == pytest.approx(ours / floor)


def test_every_other_case_ends_in_a_document_with_its_goals(tmp_path: Path) -> None:
    names = ("growth", "large-entries", "large-keyspace", "idle", "cost")
    cases = [f"--case={name}" for name in names]
    document = tmp_path / "RESULTS.md"
    figures = run(tmp_path, *cases, f"--scale={SCALE}", f"--write-results={document}")
    assert {"command", "cores", "processor", "Python", "Redis", "streamgauge"} <= set(
        figures["conditions"]
    )
    assert set(figures["cases"]) == set(names)
    text = document.read_text()
    for name, case in figures["cases"].items():
        assert f"## {name}\n" in text
        assert name == "cost" or case["goals"]
        for goal in case["goals"]:
            assert f"| {goal['text']} |" in text
            assert goal["verdict"] in {"reached", "missed", "not measured"}
    costs = figures["cases"]["cost"]["figures"]["costs"]
    assert costs["series"]["foretold / measured"] == pytest.approx(1)
