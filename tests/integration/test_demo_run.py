"""The demo from start to end: server, system and exporter, and what happens when one is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from streamgauge_demo import monitoring, run, server
from streamgauge_demo.catalogue import STREAMS
from streamgauge_demo.errors import DemoError
from streamgauge_demo.exporter import ListenAddress
from streamgauge_demo.incidents import parse_incident
from streamgauge_demo.pace import Pace
from streamgauge_demo.run import Addresses, DemoOptions, run_demo
from streamgauge_demo.server import embedded_server
from support.commands import killed_at_the_end
from support.metrics import Scrape
from support.polling import SLACK_SECONDS, wait_for

ANY_PORT = ListenAddress("127.0.0.1", 0)
DEMO = (sys.executable, "-m", "streamgauge", "demo", "--speed=60", "--watch=exporter")
EMPTY = {"policy.updated", "model.retrain", "reconcile.close"}


@pytest.fixture(autouse=True)
def little_history(monkeypatch) -> None:
    monkeypatch.setattr(run, "MOST_HISTORY", 150)


def play(
    tmp_path: Path, on_ready: Callable[[Addresses], None] = lambda _: None, **options
) -> list[str]:
    """Run the demo here and give what it said; `on_ready` acts once it is up."""
    said: list[str] = []
    defaults = {
        "pace": Pace(60),
        "listen_address": ANY_PORT,
        "directory": tmp_path,
        "watch": "exporter",
    }
    run_demo(DemoOptions(**{**defaults, **options}), on_ready, said.append)
    return said


def scrape(url: str) -> Scrape:
    with urllib.request.urlopen(url, timeout=30) as response:
        return Scrape(response.read().decode())


def test_from_the_command_line_to_ctrl_c(tmp_path: Path):
    """Every stream with its class and no page due; Ctrl-C ends all three within two seconds."""
    command = [*DEMO, f"--dir={tmp_path}"]
    with (
        socket.socket() as other,
        subprocess.Popen(
            [*command, f"--web.listen-address=127.0.0.1:{taken_port(other)}"],
            stdout=subprocess.PIPE,
            text=True,
            process_group=0,
        ) as demo,
        killed_at_the_end(demo),
    ):
        lines = [demo.stdout.readline().strip() for _ in range(6)]
        assert lines[0].startswith("127.0.0.1:")
        assert " is taken, so the exporter listens on 127.0.0.1:" in lines[0]
        words = [line.split() for line in lines]
        redis_url, metrics_url = words[2][1], words[3][1]
        assert words[5][2] == str(tmp_path / "streamgauge.yml")

        with redis.Redis.from_url(redis_url) as client:
            wait_for(
                lambda: not list(unrest(scrape(metrics_url))),
                "every stream is exported and none is late",
            )
            os.killpg(demo.pid, signal.SIGINT)
            asked = time.monotonic()
            assert demo.wait(60) == 0
            assert time.monotonic() - asked < 2 + SLACK_SECONDS
            with pytest.raises(redis.ConnectionError):
                client.ping()
    with pytest.raises(OSError, match="refused"):
        scrape(metrics_url)


def taken_port(listener: socket.socket) -> int:
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener.getsockname()[1]


def unrest(found: Scrape) -> Iterator[str]:
    """What is missing, late or not as it is meant to be; a busy machine has its moments."""
    expected = {(stream.key, stream.stream_class) for stream in STREAMS}
    if set(found["redis_stream_exists"]) != expected or found["redis_up"] != {(): 1.0}:
        yield "a stream is missing"
        return
    lengths, exists = found["redis_stream_length"], found["redis_stream_exists"]
    ages, limits = (
        found["redis_stream_last_entry_age_seconds"],
        found["redis_stream_quiet_limit_seconds"],
    )
    for stream in STREAMS:
        key = (stream.key, stream.stream_class)
        if stream.stream_class != "continuous":
            assert key not in limits
        elif exists[key] != 1 or ages[key] > limits[key] / 2:
            yield f"{key} is late"
    empty = {key[0].rpartition(":")[2] for key, length in lengths.items() if length == 0}
    if empty != {*EMPTY, "learning.retraining.completed"}:
        yield f"{empty} are empty"
    waiting, allowed = (
        found["redis_stream_group_lag_seconds"],
        found["redis_stream_group_lag_limit_seconds"],
    )
    assert {key[2] for key in waiting.keys() - allowed.keys()} == {"old-dashboard"}
    yield from (f"{key} waits" for key, limit in allowed.items() if waiting[key] >= limit)
    if set(found["streamgauge_groups_lag_unknown"].values()) != {0.0}:
        yield "a lag is unknown"


def test_a_server_of_the_user_keeps_everything_but_the_demos_keys(tmp_path: Path):
    seen: list[Addresses] = []
    with embedded_server() as theirs, redis.Redis.from_url(theirs.url) as client:
        client.execute_command("ACL", "SETUSER", "me", "on", ">secret", "~*", "+@all")
        client.set("other", "1")
        url = theirs.url.replace("//", "//me:secret@")
        incident = parse_incident("drift@0")
        options = {"redis_url": url, "incidents": (incident,), "duration_seconds": 0.3}
        assert play(tmp_path, seen.append, **options) == [
            f"incident drift: {incident.kind.sentence}"
        ]
        assert client.keys() == [b"other"]
        assert client.ping()
    assert seen[0].redis_url == theirs.url
    assert (seen[0].server, seen[0].server_process_id) == ("yours", None)
    assert "secret" not in (tmp_path / "streamgauge.yml").read_text()


def test_a_server_of_the_user_in_use_is_refused(tmp_path: Path):
    with embedded_server() as theirs, redis.Redis.from_url(theirs.url) as client:
        client.set("quantum:theirs", "1")
        with pytest.raises(DemoError, match="already holds keys under quantum:"):
            play(tmp_path, redis_url=theirs.url)
        assert client.keys() == [b"quantum:theirs"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("redis://127.0.0.1:1/0", r"^cannot use that Redis: .*127\.0\.0\.1:1"),
        ("http://db", r"^--redis\.url has an unknown scheme, allowed: "),
    ],
)
def test_a_server_that_is_none_is_one_sentence(tmp_path: Path, url: str, sentence: str):
    with pytest.raises(DemoError, match=sentence):
        play(tmp_path, redis_url=url)


def test_a_supervisors_signal_ends_the_demo(tmp_path: Path):
    asked: list[float] = []

    def terminate(_: Addresses) -> None:
        asked.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    assert play(tmp_path, terminate, incidents=(parse_incident("drift@60"),)) == []
    assert time.monotonic() - asked[0] < 2 + SLACK_SECONDS


def test_the_loss_of_the_exporter_ends_the_demo(tmp_path: Path):
    def kill(addresses: Addresses) -> None:
        os.kill(addresses.exporter_process_id, signal.SIGKILL)

    with pytest.raises(DemoError, match=r"^the exporter ended with code -9: "):
        play(tmp_path, kill)


def test_the_loss_of_the_server_ends_the_demo(tmp_path: Path):
    def kill(addresses: Addresses) -> None:
        os.kill(addresses.server_process_id, signal.SIGKILL)

    with pytest.raises(DemoError, match=r"^the server ended with code -9: "):
        play(tmp_path, kill)


def test_the_loss_of_a_server_of_the_user_ends_the_demo(tmp_path: Path):
    with embedded_server() as theirs:

        def kill(_: Addresses) -> None:
            os.kill(theirs.child.process_id, signal.SIGKILL)

        with pytest.raises(DemoError, match=r"^the simulated system lost its Redis: "):
            play(tmp_path, kill, redis_url=theirs.url)


def test_the_stand_in_serves_but_not_for_every_incident(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(server, "find_binary", lambda: None)
    with pytest.raises(DemoError, match=r"^the incident stream-deleted needs a real server; "):
        play(tmp_path, incidents=(parse_incident("stream-deleted"),))
    seen: list[Addresses] = []
    play(tmp_path, seen.append, duration_seconds=0.2)
    assert seen[0].server == "fakeredis, a slow stand-in"


def test_without_a_prometheus_it_says_how_to_get_one_and_goes_on(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    seen: list[Addresses] = []
    assert play(tmp_path, seen.append, watch="alerts", duration_seconds=0.1) == [
        f"No alerts are shown: Alertmanager and Prometheus not found on PATH ({monitoring.REMEDY})."
    ]
    assert (seen[0].exporter_process_id or 0) > 0
    assert (seen[0].prometheus_url, seen[0].alertmanager_url) == (None, None)


def test_a_prometheus_that_does_not_start_is_one_sentence_and_the_demo_goes_on(
    tmp_path: Path, monkeypatch
):
    for name in ("alertmanager", "prometheus"):
        (tmp_path / name).write_text("#!/bin/sh\necho too old\nexit 3\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert play(tmp_path, watch="alerts", duration_seconds=0.1) == [
        "No alerts are shown: Alertmanager ended with code 3: too old."
    ]


def test_watched_by_nothing_the_system_runs_alone(tmp_path: Path):
    seen: list[Addresses] = []
    play(tmp_path, seen.append, watch="nothing", duration_seconds=0.1)
    assert (seen[0].server_process_id or 0) > 0
    assert seen[0].exporter_process_id is seen[0].web_url is seen[0].config_file is None
    assert [path.name for path in tmp_path.iterdir()] == ["demo.lock"]


def test_a_folder_is_for_one_demo_at_a_time(tmp_path: Path):
    def second(_: Addresses) -> None:
        before = (tmp_path / "streamgauge.yml").read_text()
        command = [*DEMO, f"--dir={tmp_path}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (
            1,
            f"streamgauge: another demo runs in {tmp_path}; name another folder with --dir\n",
        )
        assert (tmp_path / "streamgauge.yml").read_text() == before

    play(tmp_path, second, duration_seconds=0.1)
    play(tmp_path, duration_seconds=0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of the killed")
def test_the_children_of_a_killed_demo_end_too(tmp_path: Path):
    command = [*DEMO, f"--dir={tmp_path}"]
    with (
        subprocess.Popen(
            [*command, "--web.listen-address=127.0.0.1:0"], stdout=subprocess.PIPE, text=True
        ) as demo,
        killed_at_the_end(demo),
    ):
        words = [demo.stdout.readline().split() for _ in range(3)]
        redis_url, metrics_url = words[1][1], words[2][1]
        scrape(metrics_url)
        demo.kill()

    def both_are_gone() -> bool:
        with redis.Redis.from_url(redis_url) as client:
            return refused(client.ping) and refused(lambda: scrape(metrics_url))

    wait_for(both_are_gone, "the server and the exporter have ended")
    play(tmp_path, duration_seconds=0.1)


def refused(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (OSError, redis.ConnectionError):
        return True
    return False
