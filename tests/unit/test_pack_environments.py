"""Environments are told apart by labels that a site may choose; servers may be expected."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from streamgauge.cli import cli
from streamgauge.pack.adapt import IDENTITY_LABELS


def packed(directory: Path, *arguments: str) -> dict[str, str]:
    """What pack writes into alerts/, by name."""
    found = CliRunner().invoke(cli, ["pack", str(directory / "out"), *arguments])
    assert found.exit_code == 0, found.output
    return {one.name: one.read_text() for one in (directory / "out/alerts").glob("*.yml")}


def test_every_rule_and_inhibition_keeps_the_labels_that_are_named(tmp_path):
    files = packed(tmp_path, "--identity-labels=job,region")
    for name in ("streams.rules.yml", "exporter.rules.yml", "hygiene.rules.yml"):
        grouped = re.findall(r"\bby \(([^)]*)\)", files[name])
        assert grouped
        assert all(one.startswith("job, region") for one in grouped), name
        assert not re.search(r"cluster=%q|\$labels\.cluster \$labels", files[name])
    equal = re.findall(r"equal: \[(.*)\]", files["alertmanager.example.yml"])
    assert equal
    assert all(one.startswith("job, region") for one in equal)


def test_every_text_that_asks_selects_by_every_identity_label(tmp_path):
    files = packed(tmp_path)
    asked = re.findall(r'printf "[^"]*\{([^}]*)\}[^"]*" (.*?) \| query', "".join(files.values()))
    assert len(asked) >= 5
    for selector, arguments in asked:
        names = [one.partition("=")[0] for one in selector.split(",")]
        assert set(IDENTITY_LABELS) | {"redis", "db", "stream"} <= set(names)
        assert arguments.split() == [f"$labels.{name}" for name in names]


def test_servers_that_must_be_there_have_a_rule(tmp_path):
    files = packed(tmp_path, "--redis=quantum", "--redis=orders", "--job=redis-streams")
    rules = files["expected.rules.yml"]
    assert 'absent(redis_up{job="redis-streams", redis="quantum"})' in rules
    assert 'absent(redis_up{job="redis-streams", redis="orders"})' in rules
    assert "expected.rules.yml" not in packed(tmp_path / "without")


@pytest.mark.parametrize("labels", ["region", "job,re-gion", "job,", "job,__name__"])
def test_labels_that_cannot_be_are_refused(tmp_path, labels):
    found = CliRunner().invoke(cli, ["pack", str(tmp_path / "out"), f"--identity-labels={labels}"])
    assert found.exit_code == 2
    assert not (tmp_path / "out").exists()
