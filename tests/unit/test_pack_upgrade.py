"""With --force a newer pack takes the place of an older one, and says what that changed."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from streamgauge.cli.pack import pack
from streamgauge.pack import folder


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "shipped"
    for name in ("alerts/a.rules.yml", "alerts/old.yml", "grafana/dashboards/a.json"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}\n")
    monkeypatch.setattr(folder, "bundle_path", lambda name: root / name)
    return root


@pytest.fixture
def out(shipped: Path, tmp_path: Path) -> Path:
    """A pack, and then a release that changes one file, adds one and drops one."""
    out = tmp_path / "out"
    assert run(out) == (0, f"wrote alerts/ and grafana/ into {out}\n")
    (shipped / "alerts/a.rules.yml").write_text("{groups: []}\n")
    (shipped / "alerts/new.yml").write_text("{}\n")
    (shipped / "alerts/old.yml").unlink()
    return out


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(pack, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def files(root: Path) -> dict[str, str]:
    return {
        str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()
    }


def test_what_changed_is_listed_and_what_is_not_of_the_pack_stays(out):
    (out / "grafana/mine.yml").write_text("mine")
    code, output = run(out, "--force")
    assert code == 0
    assert output.splitlines() == [
        f"wrote alerts/ and grafana/ into {out}",
        "  added alerts/new.yml",
        "  changed alerts/a.rules.yml",
        "  left alone alerts/old.yml",
        "  left alone grafana/mine.yml",
    ]
    assert files(out) == {
        "alerts/a.rules.yml": "{groups: []}\n",
        "alerts/new.yml": "{}\n",
        "alerts/old.yml": "{}\n",
        "grafana/dashboards/a.json": "{}\n",
        "grafana/mine.yml": "mine",
    }


def test_an_edited_file_is_named_and_lost_by_force_alone(out):
    (out / "grafana/dashboards/a.json").write_text("{mine: 1}\n")
    before = files(out)
    code, output = run(out)
    assert code == 1
    assert output.endswith("edited: alerts/a.rules.yml, grafana/dashboards/a.json\n")
    assert files(out) == before
    code, output = run(out, "--force")
    assert code == 0
    assert "  changed grafana/dashboards/a.json\n" in output
    assert files(out)["grafana/dashboards/a.json"] == "{}\n"


def test_a_file_in_place_of_a_link_of_the_user(out, tmp_path):
    linked = tmp_path / "elsewhere.yml"
    linked.write_text("mine")
    (out / "alerts/a.rules.yml").unlink()
    (out / "alerts/a.rules.yml").symlink_to(linked)
    assert run(out, "--force")[0] == 0
    assert linked.read_text() == "mine"
    assert files(out)["alerts/a.rules.yml"] == "{groups: []}\n"


def test_what_is_no_folder_is_not_replaced(out):
    (out / "grafana").rename(out / "other")
    (out / "grafana").symlink_to(out / "other")
    before = files(out / "other")
    code, output = run(out, "--force")
    assert (code, files(out / "other")) == (1, before)
    assert "it is no folder" in output


@pytest.mark.parametrize("step", range(1, 5))
def test_a_failure_leaves_the_pack_before(out, monkeypatch, step):
    before = files(out)
    real, calls = Path.rename, []

    def fails_once(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == step:
            raise OSError(28, "No space left on device")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", fails_once)
    code, output = run(out, "--force")
    assert (code, output) == (1, f"Error: cannot write to {out}: No space left on device\n")
    assert files(out) == before
