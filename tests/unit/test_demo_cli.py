"""The command `streamgauge demo`: options in, sentences out."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from streamgauge_demo import cli as command
from streamgauge_demo.errors import DemoError
from streamgauge_demo.exporter import ListenAddress
from streamgauge_demo.incidents import INCIDENTS, Incident
from streamgauge_demo.pace import Pace
from streamgauge_demo.run import Addresses, DemoOptions

ADDRESSES = Addresses(
    redis_url="redis://127.0.0.1:7000/0",
    server="Valkey",
    server_process_id=11,
    web_url="http://127.0.0.1:10121/",
    exporter_process_id=12,
    config_file=Path("streamgauge-demo/streamgauge.yml"),
)


def invoke(monkeypatch, *arguments: str, error: str = "", addresses: Addresses = ADDRESSES):
    """The result, and the options that the demo was run with."""
    ran: list[DemoOptions] = []

    def run_demo(options, on_ready, say):
        ran.append(options)
        if error:
            raise DemoError(error)
        say("a sentence")
        on_ready(addresses)

    monkeypatch.setattr(command, "run_demo", run_demo)
    return CliRunner().invoke(command.demo, arguments), ran


def test_the_addresses_are_printed(monkeypatch):
    result, ran = invoke(monkeypatch)
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "a sentence",
        "The simulated system runs; Ctrl-C ends it.",
        "  Redis        redis://127.0.0.1:7000/0 (Valkey, process 11)",
        "  metrics      http://127.0.0.1:10121/metrics (process 12)",
        "  status page  http://127.0.0.1:10121/",
        "  config file  streamgauge-demo/streamgauge.yml",
    ]
    assert ran == [DemoOptions(pace=Pace(1))]


def test_what_watches_is_printed_where_it_runs(monkeypatch):
    both = {"prometheus_url": "http://127.0.0.1:1/", "alertmanager_url": "http://127.0.0.1:2/"}
    result, _ = invoke(monkeypatch, addresses=Addresses(**{**vars(ADDRESSES), **both}))
    assert result.output.splitlines()[5:7] == [
        "  Prometheus   http://127.0.0.1:1/",
        "  Alertmanager http://127.0.0.1:2/",
    ]
    alone = Addresses(redis_url="redis://db", server="yours", server_process_id=None)
    result, _ = invoke(monkeypatch, addresses=alone)
    assert result.output.splitlines()[2:] == ["  Redis        redis://db (yours)"]


def test_every_option_arrives(monkeypatch, tmp_path: Path):
    yours = Addresses(**{**vars(ADDRESSES), "server": "yours", "server_process_id": None})
    result, ran = invoke(
        monkeypatch,
        *("--speed=60", "--incident=drift", "--incident", "feed-quiet@1+2"),
        *("--redis.url=redis://db", "--web.listen-address=:9", f"--dir={tmp_path}"),
        *("--watch=nothing", "--duration=5"),
        addresses=yours,
    )
    assert "  Redis        redis://127.0.0.1:7000/0 (yours)\n" in result.output
    assert ran == [
        DemoOptions(
            pace=Pace(60),
            incidents=(
                Incident(INCIDENTS["drift"]),
                Incident(INCIDENTS["feed-quiet"], 1, 2),
            ),
            redis_url="redis://db",
            listen_address=ListenAddress("", 9),
            directory=tmp_path,
            watch="nothing",
            duration_seconds=5,
        )
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--incident=trim-lost"], "did you mean trim-loss?"),
        (["--web.listen-address=here"], "'here' is not HOST:PORT"),
        (["--speed=0.5"], "0.5 is not in the range"),
        (["--duration=0"], "0.0 is not in the range"),
        (["--speed=nan"], "'nan' is not a number of seconds or times"),
        (["--duration=nan"], "'nan' is not a number of seconds or times"),
        (["--duration=inf"], "'inf' is not a number of seconds or times"),
    ],
)
def test_mistakes(monkeypatch, arguments: list[str], sentence: str):
    result, ran = invoke(monkeypatch, *arguments)
    assert result.exit_code == 2
    assert sentence in result.output
    assert not ran


def test_an_error_is_one_sentence_and_an_exit_code(monkeypatch):
    result, _ = invoke(monkeypatch, error="the server ended with code 1")
    assert result.exit_code == 1
    assert result.output == "Error: the server ended with code 1\n"


def test_the_help_lists_every_incident():
    text = CliRunner().invoke(command.demo, ["--help"], terminal_width=200).output
    for kind in INCIDENTS.values():
        assert f"{kind.name:<18} {kind.sentence}" in text
