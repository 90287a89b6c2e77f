"""What a release publishes, as far as it can be told without building it."""

import runpy
import tarfile
from pathlib import Path
from typing import Any

import pytest

from streamgauge import __version__
from support.servers import ROOT

CHANGELOG = """\
# Changelog

## Unreleased

- [FEATURE] New.

## 1.10.0 - 2026-01-02

- [FIX] Mended.
  Really.

## 1.1.0

- [FIX] Old.
"""


@pytest.fixture
def release(tmp_path: Path) -> dict[str, Any]:
    """Its functions, with a folder of their own for what they build."""
    names = runpy.run_path(str(ROOT / "deploy" / "release.py"), run_name="release")
    names["notes_of"].__globals__.update(DIST=tmp_path)
    return names


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        (None, "- [FEATURE] New.\n"),
        ("1.10.0", "- [FIX] Mended.\n  Really.\n"),
        ("1.1.0", "- [FIX] Old.\n"),
    ],
)
def test_the_notes_are_the_part_of_the_changelog(release, tmp_path, version, notes):
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    release["notes_of"].__globals__.update(ROOT=tmp_path)
    assert release["notes_of"](version) == notes


def test_a_version_without_a_part_is_not_released(release, tmp_path):
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    release["notes_of"].__globals__.update(ROOT=tmp_path)
    with pytest.raises(SystemExit, match=r"nothing under ## 1\.1$"):
        release["notes_of"]("1.1")


def test_the_charts_package_is_the_same_each_time_and_names_the_image(release):
    first = release["package_chart"]("")
    content = first.read_bytes()
    assert release["package_chart"]("").read_bytes() == content
    assert first.name == f"streamgauge-{__version__}.tgz"
    named = release["package_chart"]("ghcr.io/owner/streamgauge")
    with tarfile.open(named) as archive:
        names = archive.getnames()
        values = archive.extractfile("streamgauge/values.yaml").read().decode()
    assert "streamgauge/Chart.yaml" in names
    assert "streamgauge/files/alerts/streams.rules.yml" in names
    assert "  repository: ghcr.io/owner/streamgauge\n" in values
