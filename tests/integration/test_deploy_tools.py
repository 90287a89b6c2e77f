"""The deployment examples are accepted by the tools of Prometheus and systemd."""

import shutil
from pathlib import Path

import pytest

from support.commands import run_tool
from support.peers import Peer
from support.servers import ROOT

DEPLOY = ROOT / "deploy"


@pytest.mark.newest_too
@pytest.mark.parametrize("folder", ["prometheus", "compose"])
def test_promtool_accepts_the_scrape_configuration_with_the_rules(
    folder: str, tmp_path: Path, each_promtool: Peer
) -> None:
    shutil.copytree(DEPLOY / folder, tmp_path / "prometheus")
    shutil.copytree(ROOT / "alerts", tmp_path / "prometheus" / "alerts")
    said = each_promtool.run("check", "config", tmp_path / "prometheus" / "prometheus.yml")
    assert "SUCCESS" in said


def test_the_service_file_is_understood_and_leaves_little_exposed(tmp_path: Path) -> None:
    binary = tmp_path / "streamgauge"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o755)
    text = (DEPLOY / "systemd" / "streamgauge.service").read_text()
    unit = tmp_path / "streamgauge.service"
    unit.write_text(text.replace("/opt/streamgauge/bin/streamgauge", str(binary)))
    assert run_tool("systemd-analyze", "verify", "--man=no", unit) == ""
    run_tool("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)
