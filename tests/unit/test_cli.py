"""Every command does one thing; a mistake is one sentence on stderr and a code."""

import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from streamgauge import __version__, bundled
from streamgauge.cli import cli, main
from streamgauge.metrics import METRICS


def run(monkeypatch, capsys, *arguments):
    monkeypatch.setattr(sys, "argv", ["streamgauge", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    output = capsys.readouterr()
    return end.value.code or 0, output.out, output.err


@pytest.fixture
def command(monkeypatch, capsys):
    return lambda *arguments: run(monkeypatch, capsys, *arguments)


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_told(command, flag):
    assert command(flag) == (0, f"streamgauge, version {__version__}\n", "")


def test_help_cuts_no_summary(command):
    _, out, _ = command("--help")
    assert "Propose class, quiet_limit and lag_limit for every stream, with the evidence." in (
        " ".join(out.split())
    )


def test_the_metric_table_is_markdown_with_a_line_per_metric(command):
    code, out, _ = command("metrics")
    assert code == 0
    rows = out.splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [metric.name for metric in METRICS]


def test_without_a_command_help_is_shown(command):
    code, out, _ = command()
    assert code == 2
    assert "serve" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serv"], "No such command 'serv'. Did you mean 'serve'?"),
        (["xyz"], "Usage: streamgauge [OPTIONS] COMMAND"),
        (["serve", "--redis.ulr=x"], "--redis.ulr"),
        (["serve", "--log.level=loud"], "'loud' is not one of"),
        (["serve", "--redis.url=redis://h", "--shard=4/3"], "write I/N, as in 2/3"),
        (["serve"], "--redis.url"),
        (["serve", "--redis.url=http://x"], "redis://"),
        (["serve", "--redis.url=redis://h", "--web.listen-address=nowhere"], "write host:port"),
        (["serve", "--redis.url=redis://h", "--web.listen-address=:70000"], "write host:port"),
        (["check-config", "/nonexistent.yml"], "/nonexistent.yml"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(command, arguments, sentence, monkeypatch):
    monkeypatch.delenv("STREAMGAUGE_REDIS_URL", raising=False)
    code, out, err = command(*arguments)
    assert code != 0
    assert sentence in err
    assert "Traceback" not in err
    assert out == ""


def test_check_config_tells_every_mistake(command, tmp_path):
    file = tmp_path / "c.yml"
    file.write_text(
        "redis: {url: redis://h}\nstreams: [{match: a, class: continous}, {match: b}]\n"
    )
    code, _, err = command("check-config", file)
    assert code == 2
    assert "did you mean 'continuous'?" in err
    assert "streams[1]" in err


def test_check_config_tells_what_a_good_file_resolves_to(command, tmp_path):
    file = tmp_path / "c.yml"
    file.write_text("redis: {url: redis://h}\nstreams: [{match: 'feed:*', class: continuous}]\n")
    code, out, _ = command("check-config", file)
    assert code == 0
    assert "feed:*" in out
    assert "5m" in out


def test_check_config_warns_of_a_password_that_is_not_used(command, tmp_path):
    file = tmp_path / "c.yml"
    (tmp_path / "p").write_text("hunter2")
    file.write_text("redis: {url: redis://h, password: hunter3, password_file: p}\n")
    code, out, err = command("check-config", file)
    assert code == 0
    assert "warning" in err
    assert "redis.password has no effect" in err
    assert "hunter" not in out + err


def test_pack_writes_the_shipped_files_and_overwrites_nothing(command, tmp_path):
    code, out, _ = command("pack", tmp_path / "out")
    assert code == 0
    assert "alerts/ and grafana/" in out
    for name in bundled.BUNDLES:
        assert (tmp_path / "out" / name).is_dir()
    code, _, err = command("pack", tmp_path / "out")
    assert code == 1
    assert "exists already" in err


def test_pack_says_where_it_cannot_write(command, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = command("pack", tmp_path / "file" / "out")
    assert code == 1
    assert "cannot write" in err


def test_an_installation_without_the_files_says_so(command, tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, "__file__", str(tmp_path / "a" / "b" / "bundled.py"))
    code, _, err = command("pack", tmp_path / "out")
    assert code == 1
    assert "without its alerts folder" in err


def test_the_package_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "streamgauge", "--version"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, f"streamgauge, version {__version__}\n")


def test_nothing_but_the_demo_imports_the_simulated_system():
    every_other_command = (
        "import sys; from streamgauge.cli import cli\n"
        "for name in cli.list_commands(None):\n"
        "    if name != 'demo': assert cli.get_command(None, name), name\n"
        "early = 'streamgauge_demo' in sys.modules\n"
        "cli.get_command(None, 'demo')\n"
        "print(early, 'streamgauge_demo' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", every_other_command], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("False True\n", "")


@pytest.mark.parametrize("command", ["serve", "report", "suggest", "check-config", "pack", "demo"])
def test_help_names_no_class_of_the_program(command):
    shown = CliRunner().invoke(cli, [command, "--help"])
    assert shown.exit_code == 0
    assert set(re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", shown.output)) <= {"PrometheusRule"}
