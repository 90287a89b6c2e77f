"""`streamgauge pack` writes everything or nothing, and says in a sentence what was wrong."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from streamgauge.cli.pack import pack
from streamgauge.pack import folder

RULES = """\
groups:
  - name: g
    rules:
      - {alert: A, expr: 'up{job="streamgauge"} == 0', labels: {severity: critical}}
"""


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a small pack that stands in for the shipped one."""
    root = tmp_path / "shipped"
    files = {
        "alerts/a.rules.yml": RULES.encode(),
        "alerts/runbooks/A.md": b'Run up{job="streamgauge"}\r\n',
        "grafana/logo.png": b"\x89PNG\xff",
        "grafana/dashboards/a.json": b'{"expr": "up{job=\\"streamgauge\\"}"}',
    }
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    monkeypatch.setattr(folder, "bundle_path", lambda name: root / name)
    return root


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(pack, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def tree(root: Path) -> dict[str, bytes | None]:
    """Every file with its content and every folder with None."""
    return {
        str(path.relative_to(root)): None if path.is_dir() else path.read_bytes()
        for path in root.rglob("*")
    }


def test_without_options_the_files_are_the_shipped_ones_to_the_byte(shipped, tmp_path):
    out = tmp_path / "a" / "out"
    assert run(out) == (0, f"wrote alerts/ and grafana/ into {out}\n")
    assert tree(out) == tree(shipped)
    assert (out / "alerts").stat().st_mode == (shipped / "alerts").stat().st_mode


def test_every_option_reaches_the_files(shipped, tmp_path):
    code, _ = run(
        *(tmp_path / "out", "--job=site", "--severity-page=severity=page"),
        *("--runbook-base=https://wiki/r/", "--dashboard-base", "https://g.site/"),
        "--format=prometheus-operator",
    )
    assert code == 0
    written = tree(tmp_path / "out")
    rules = (written["alerts/a.rules.yml"] or b"").decode()
    assert rules.startswith("apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n")
    assert rules.endswith("""{alert: A, expr: 'up{job="site"} == 0', labels: {severity: page}}\n""")
    assert written["alerts/runbooks/A.md"] == b'Run up{job="site"}\r\n'
    assert written["grafana/logo.png"] == b"\x89PNG\xff"
    assert written["grafana/dashboards/a.json"] == b'{"expr": "up{job=\\"site\\"}"}'


@pytest.mark.parametrize("name", ["alerts", "grafana"])
@pytest.mark.parametrize("kind", ["folder", "file", "dangling link"])
def test_what_exists_is_never_overwritten(shipped, tmp_path, name, kind):
    taken = tmp_path / "out" / name
    taken.parent.mkdir()
    if kind == "folder":
        taken.mkdir()
    elif kind == "file":
        taken.write_text("mine")
    else:
        taken.symlink_to("nowhere")
    code, output = run(tmp_path / "out")
    assert code == 1
    assert output.startswith(f"Error: {taken} exists already; name another directory")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


def test_another_file_in_the_directory_stays(shipped, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    assert run(tmp_path / "out")[0] == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "alerts",
        "grafana",
        "mine",
    ]


@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize("failing", ["write_bytes", "rename"])
def test_a_failure_leaves_nothing_behind(shipped, tmp_path, monkeypatch, failing, present):
    """It fails at the second file, or at the second of the two folders."""
    out = tmp_path / "new" / "out"
    if present:
        out.mkdir(parents=True)
    before = tree(tmp_path)
    real, calls = getattr(Path, failing), []

    def fails_once(path: Path, argument: object) -> object:
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(path, argument)

    monkeypatch.setattr(Path, failing, fails_once)
    code, output = run(out)
    assert (code, output) == (1, f"Error: cannot write to {out}: No space left on device\n")
    assert tree(tmp_path) == before


def test_a_directory_below_a_file_cannot_be_written(shipped, tmp_path):
    (tmp_path / "file").write_text("")
    code, output = run(tmp_path / "file" / "out")
    assert code == 1
    assert f"cannot write to {tmp_path / 'file' / 'out'}: Not a directory" in output


def test_an_installation_without_the_files_says_so(shipped, tmp_path, monkeypatch):
    def absent(name: str) -> Path:
        raise FileNotFoundError(f"this installation came without its {name} folder")

    monkeypatch.setattr(folder, "bundle_path", absent)
    code, output = run(tmp_path / "out")
    assert (code, output) == (1, "Error: this installation came without its alerts folder\n")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--job=", "Invalid value for '--job': '' is not a job name"),
        ("--redis=", "Invalid value for '--redis': '' is not a name"),
        ("--severity-page=page", "Invalid value for '--severity-page': 'page' is not a label"),
        ("--runbook-base=wiki", "Invalid value for '--runbook-base': 'wiki' does not start"),
        ("--dashboard-base=g:80", "Invalid value for '--dashboard-base': 'g:80' does not start"),
        ("--format=helm", "'helm' is not one of"),
    ],
)
def test_a_bad_value_is_refused_before_anything_is_written(shipped, tmp_path, option, sentence):
    code, output = run(tmp_path / "out", option)
    assert code == 2
    assert sentence in output
    assert not (tmp_path / "out").exists()


def test_the_shipped_files_come_out_to_the_byte(tmp_path, monkeypatch):
    # A copy first: what is compared must not depend on who else works on the folders.
    copies = {name: tmp_path / "copy" / name for name in folder.BUNDLES}
    not_shipped = shutil.ignore_patterns("build.py", "builder", "preview")
    for name, copy in copies.items():
        shutil.copytree(folder.bundle_path(name), copy, ignore=not_shipped)
    monkeypatch.setattr(folder, "bundle_path", copies.__getitem__)
    assert run(tmp_path / "out")[0] == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "copy")


def test_no_document_names_a_file_or_command_that_is_not_in_the_pack(tmp_path):
    out = tmp_path / "out"
    assert run(out)[0] == 0
    documents = sorted(out.rglob("*.md"))
    assert len(documents) > 20
    for document in documents:
        text = document.read_text()
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            there = target.startswith("https://") or (document.parent / target).exists()
            assert there, f"{document.name}: {target}"
        for word in ("`make", ".venv", "PYTHONPATH", "checkout", "tests/", "builder/", "preview/"):
            assert word not in text, f"{document.name}: {word}"
