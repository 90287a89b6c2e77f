"""What changes under a running exporter: rights, clocks, names, files, and the process itself."""

import http.client
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from support.exporter import ExporterProcess
from support.faulty_actions import answer
from support.faulty_rig import CLASS_OF, HEALTHY, Rig, blind, configuration, fill, outcome, without
from support.metrics import Scrape
from support.polling import wait_for
from support.servers import RealServer

SECRET, OTHER = "a-right-password", "another-password"
OFFSET = "streamgauge_clock_offset_seconds"


@pytest.fixture
def reader(
    start_server: Callable, exporter: Callable
) -> Iterator[tuple[redis.Redis, ExporterProcess]]:
    """A client with all rights, and an exporter of the four streams that logs in as `reader`."""
    server = start_server("redis-7.0")
    with server.client() as client:
        fill(client)
        client.execute_command("ACL", "SETUSER", "reader", "on", f">{SECRET}", "~*", "+@all")
        config = configuration(server.url)
        config["redis"] |= {"username": "reader", "password": SECRET}
        process = exporter(config=config)
        process.scrape_until_known(*CLASS_OF)
        yield client, process


def test_password_that_is_changed_while_running_is_noperm_until_it_is_right_again(
    reader: tuple[redis.Redis, ExporterProcess],
) -> None:
    client, process = reader
    client.execute_command("ACL", "SETUSER", "reader", "resetpass", f">{OTHER}")
    client.execute_command("CLIENT", "KILL", "USER", "reader")
    assert outcome(process.scrape()) == blind("noperm")
    client.execute_command("ACL", "SETUSER", "reader", f">{SECRET}")
    assert outcome(process.scrape()) == HEALTHY
    assert SECRET not in process.log()


def test_rights_that_are_narrowed_while_running_cost_what_is_denied(
    reader: tuple[redis.Redis, ExporterProcess],
) -> None:
    client, process = reader
    keys = [f"~{stream}" for stream in CLASS_OF if stream != "feed"]
    client.execute_command("ACL", "SETUSER", "reader", "resetkeys", *keys)
    assert outcome(process.scrape()) == without("feed", "noperm")
    client.execute_command("ACL", "SETUSER", "reader", "allkeys", "-xinfo")
    assert outcome(process.scrape()) == blind("noperm")
    client.execute_command("ACL", "SETUSER", "reader", "+xinfo")
    assert outcome(process.scrape()) == HEALTHY


def test_server_that_takes_no_writes_is_read_as_ever(
    start_server: Callable, exporter: Callable
) -> None:
    server = start_server("redis-7.0", "--min-replicas-to-write", "0")
    with server.client() as client:
        fill(client)
        process = exporter(config=configuration(server.url))
        process.scrape_until_known(*CLASS_OF)
        client.config_set("maxmemory", 1)  # OOM for every write
        assert outcome(process.scrape()) == HEALTHY
        client.config_set("maxmemory", 0)
        client.config_set("min-replicas-to-write", 3)  # NOREPLICAS
        assert outcome(process.scrape()) == HEALTHY


@pytest.mark.parametrize("error", ["READONLY You can't", "OOM command not allowed", "MISCONF no"])
def test_error_of_every_stream_leaves_none_and_counts_them_all(healthy: Rig, error: str) -> None:
    healthy.proxy.fault("XINFO", answer(f"-{error}\r\n"))
    assert healthy.outcome()[1:] == blind("other")[1:]
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY


def time_reply(seconds: float) -> str:
    text = str(int(seconds))
    return f"*2\r\n${len(text)}\r\n{text}\r\n$1\r\n0\r\n"


def ages(scrape: Scrape) -> list[float]:
    return list(scrape["redis_stream_last_entry_age_seconds"].values())


@pytest.mark.parametrize("jump", [3600, -86_400, 10 * 365 * 86_400, -(10**9)])
def test_clock_that_jumps_gives_no_negative_age_and_is_shown(healthy: Rig, jump: int) -> None:
    with healthy.server.client() as client:
        now = client.time()[0]
    healthy.proxy.fault("TIME", answer(time_reply(now + jump)))
    for _ in range(2):
        scrape = healthy.exporter.scrape()
        assert outcome(scrape) == HEALTHY
        assert len(ages(scrape)) == len(CLASS_OF)
        expected = max(0, jump)  # an entry of the future is no time
        assert all(age >= 0 and expected - 2 < age < expected + 600 for age in ages(scrape))
        assert abs(scrape.value(OFFSET) - jump) < 600
    healthy.proxy.heal()
    scrape = healthy.exporter.scrape()
    assert all(0 <= age < 600 for age in ages(scrape))


@pytest.mark.parametrize("digits", [12, 18, 60, 5000])
def test_time_beyond_any_calendar_is_redis_up_0(healthy: Rig, digits: int) -> None:
    before = len(healthy.exporter.log())
    number = "9" * digits
    healthy.proxy.fault("TIME", answer(f"*2\r\n${digits}\r\n{number}\r\n$1\r\n0\r\n"))
    assert healthy.outcome() == blind("protocol")
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY
    assert "Traceback" not in healthy.exporter.log()[before:]


@pytest.mark.parametrize("reply", ["%1\r\n*1\r\n:1\r\n:2\r\n", "~1\r\n*0\r\n"])
def test_reply_that_no_parser_can_hold_leaves_no_stream(healthy: Rig, reply: str) -> None:
    before = len(healthy.exporter.log())
    healthy.proxy.fault("XINFO STREAM", answer(reply))
    assert healthy.outcome()[1:] == blind("protocol")[1:]
    healthy.proxy.heal()
    assert healthy.outcome() == HEALTHY
    assert "Traceback" not in healthy.exporter.log()[before:]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70, "a..b"], ids=len)
def test_name_that_is_no_host_is_redis_up_0_and_one_line(exporter: Callable, host: str) -> None:
    streams = [{"match": "feed", "class": "continuous"}]
    config = configuration(f"redis://{host}:6379", streams=streams)
    process = exporter(config=config, until_ready=False)
    seen = [outcome(process.scrape()) for _ in range(2)]
    assert {one.up for one in seen} == {0}
    assert process.log().count("redis unreadable") == 1
    assert "Traceback" not in process.log()
    assert process.get("/-/ready").status == 503


def test_configuration_that_became_a_directory_keeps_the_old_one(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client:
        fill(client)
    process = exporter("--web.enable-lifecycle", config=configuration(redis7.url))
    process.scrape_until_known(*CLASS_OF)
    process.config_file.unlink()
    process.config_file.mkdir()
    answered = process.get("/-/reload", method="POST")
    assert (answered.status, "directory" in answered.text.lower()) == (500, True)
    scrape = process.scrape()
    assert outcome(scrape) == HEALTHY
    assert scrape.value("streamgauge_config_last_reload_successful") == 0


def test_exporter_that_was_killed_is_complete_in_the_first_scrape_after_its_restart(
    redis7: RealServer, exporter: Callable
) -> None:
    with redis7.client() as client:
        fill(client)
    process = exporter(config=configuration(redis7.url))
    assert outcome(process.scrape_until_known(*CLASS_OF)) == HEALTHY
    process.send(signal.SIGKILL)
    assert process.stop() == -signal.SIGKILL
    process.start(until_ready=False)
    assert outcome(process.scrape()) == HEALTHY


def accepts(path: Path) -> bool:
    """Whether somebody listens: a socket's file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


def scrape_over(path: Path) -> Scrape:
    """One scrape over a unix socket."""
    connection = http.client.HTTPConnection("localhost")
    with socket.socket(socket.AF_UNIX) as connection.sock:
        connection.sock.settimeout(30)
        connection.sock.connect(str(path))
        connection.request("GET", "/metrics")
        return Scrape(connection.getresponse().read().decode())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_full_disk_under_the_log_costs_no_scrape(redis7: RealServer) -> None:
    with redis7.client() as client:
        fill(client)
    with tempfile.TemporaryDirectory() as directory, Path("/dev/full").open("wb") as full:
        path = Path(directory) / "web.sock"  # its log, which names the port, is lost
        process = subprocess.Popen(
            [sys.executable, "-m", "streamgauge", "serve", f"--redis.url={redis7.url}",
             f"--web.listen-address=unix:{path}", "--log.level=debug"],
            stdin=subprocess.DEVNULL, stdout=full, stderr=full,
        )  # fmt: skip
        try:
            wait_for(lambda: accepts(path), "it listens")
            scrapes = [scrape_over(path) for _ in range(3)]
        finally:
            process.terminate()
            code = process.wait(timeout=60)
    assert [scrape.value("redis_up") for scrape in scrapes] == [1] * 3
    assert scrapes[-1].streams() == set(CLASS_OF)
    assert code == 0
