"""The demo with its own Prometheus, Alertmanager and pager: one command that shows an alert."""

import json
import os
import re
import urllib.request
from pathlib import Path

import pytest

from e2e.demo import Demo
from e2e.scaling import RULES, quick_paging_rules
from streamgauge_demo.monitoring import PROGRAMS, find_programs
from support.peers import Peer
from support.polling import wait_for

# Limit, `for` and `group_wait` are fifteen seconds at this speed; the rest is for a slow machine.
SPEED, INCIDENT = 10, "feed-quiet@1+60"
SUBJECT = "RedisStreamQuiet on quantum:stream:market.klines"
PAGE = re.compile(rf"^\d\d:\d\d:\d\d page: {SUBJECT}: A feed that .* quiet\.$", re.MULTILINE)
RESOLVED = re.compile(rf"^\d\d:\d\d:\d\d page resolved: {SUBJECT}$", re.MULTILINE)


@pytest.fixture
def programs(tmp_path: Path, each_prometheus: Peer, each_alertmanager: Peer) -> Path:
    """A folder for PATH that holds these versions alone, under the names that they have."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for peer in (each_prometheus, each_alertmanager):
        (folder / peer.binary.name).symlink_to(peer.binary)
    return folder


def test_an_incident_ends_in_a_page_that_comes_and_is_resolved(tmp_path: Path, programs: Path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = os.environ | {"PATH": str(programs), "TMPDIR": str(temporary)}
    arguments = (f"--speed={SPEED}", "--watch=alerts", f"--incident={INCIDENT}")
    with Demo(tmp_path / "demo", *arguments, environment=environment) as demo:
        urls = dict(
            re.findall(r"^  (Prometheus|Alertmanager) +(http:\S+)$", demo.output, re.MULTILINE)
        )
        assert urls.keys() == PROGRAMS.keys()
        assert alerts_loaded(urls["Prometheus"]) >= quick_paging_rules().keys()
        assert list(temporary.glob("*/alertmanager.yml"))

        def resolved() -> bool:
            demo.check()
            return RESOLVED.search(demo.output) is not None

        wait_for(resolved, "the page is resolved", seconds=240, every=0.1)
        lines = demo.output.splitlines()
    pages = [line for line in lines if re.match(r"\S+ page", line)]
    assert len(pages) == 2
    assert PAGE.match(pages[0])
    assert RESOLVED.match(pages[1])
    (repaired,) = (line for line in lines if line.endswith("feed-quiet: repaired"))
    assert lines.index(pages[0]) < lines.index(repaired) < lines.index(pages[1])
    for url in urls.values():
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(url, timeout=30)
    assert list(temporary.iterdir()) == []


def alerts_loaded(prometheus: str) -> set[str]:
    """The alerts of all rules, which come from the shipped files and no other."""
    with urllib.request.urlopen(f"{prometheus}api/v1/rules", timeout=30) as answer:
        groups = json.load(answer)["data"]["groups"]
    assert {Path(group["file"]).name for group in groups} == {file.name for file in RULES}
    return {rule["name"] for group in groups for rule in group["rules"]}


def test_programs_are_found_under_the_names_that_they_have(monkeypatch, programs: Path):
    (programs / "prometheus-node-exporter").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"/nonexistent{os.pathsep}{programs}")
    found = find_programs()
    assert found.keys() == PROGRAMS.keys()
    assert "alertmanager" in found["Alertmanager"].name
    assert "alertmanager" not in found["Prometheus"].name
