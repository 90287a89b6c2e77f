"""Two linters of GitHub's workflows have nothing to say."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.peers import newest
from support.servers import ROOT

pytestmark = pytest.mark.nightly

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ZIZMOR = "zizmor@1.32.0"


def zizmor(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Without what it would ask GitHub; by uv, from the package index."""
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "tool", "run", ZIZMOR, "--offline", "--quiet", *arguments]
    return subprocess.run([*map(str, command)], capture_output=True, text=True)


def test_actionlint_finds_nothing() -> None:
    assert newest("actionlint").run(*WORKFLOWS) == ""


def test_actionlint_finds_a_mistake(tmp_path: Path) -> None:
    mistaken = tmp_path / "test.yml"
    mistaken.write_text(WORKFLOWS[0].read_text().replace("runs-on", "run-on"))
    with pytest.raises(AssertionError, match="run-on"):
        newest("actionlint").run(mistaken)


def test_zizmor_finds_nothing() -> None:
    done = zizmor(ROOT / ".github")
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_an_action_that_is_not_pinned(tmp_path: Path) -> None:
    mistaken = tmp_path / "test.yml"
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    mistaken.write_text(text.replace("3d3c42e5aac5ba805825da76410c181273ba90b1", "main"))
    done = zizmor(mistaken)
    assert done.returncode > 0
    assert "unpinned-uses" in done.stdout + done.stderr
