"""A password on the command line of a command that prints: warned of on stderr, stdout is whole.

`serve` warns in its log: see test_secrets.py.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from support.commands import run
from support.servers import RealServer

PASSWORD = "seen-by-everybody"
COMMANDS = [
    pytest.param(["report", "--format=json"], json.loads, id="report as json"),
    pytest.param(["report", "--format=markdown"], str, id="report as markdown"),
    pytest.param(["suggest"], yaml.safe_load, id="suggest"),
]


@pytest.fixture
def server(start_server: Callable) -> RealServer:
    server = start_server("redis-7.0", "--requirepass", PASSWORD, password=PASSWORD)
    with server.client() as client:
        client.xadd("orders", {"n": 1})
    return server


@pytest.mark.parametrize(("command", "read"), COMMANDS)
def test_password_in_the_address_is_warned_of_once_beside_what_is_printed(
    server: RealServer, command: list[str], read: Callable
) -> None:
    done = run(*command, f"--redis.url=redis://:{PASSWORD}@127.0.0.1:{server.port}")
    (warning,) = done.stderr.splitlines()
    assert "level=warn" in warning
    assert "can be seen by everybody" in warning
    assert read(done.stdout)
    assert "orders" in done.stdout
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(("command", "read"), COMMANDS)
def test_password_in_the_environment_is_not_warned_of(
    server: RealServer, command: list[str], read: Callable
) -> None:
    address = f"redis://127.0.0.1:{server.port}"
    added = {"STREAMGAUGE_REDIS_PASSWORD": PASSWORD}
    done = run(*command, f"--redis.url={address}", added=added)
    assert done.stderr == ""
    assert read(done.stdout)
    assert "orders" in done.stdout


def test_suggest_warns_once_although_it_reads_the_file_again(
    server: RealServer, tmp_path: Path
) -> None:
    file = tmp_path / "streamgauge.yml"
    file.write_text("streams: []\n")
    with server.client() as client, client.pipeline(transaction=False) as pipe:
        for second in range(200):
            pipe.xadd("ticks", {"n": 1}, id=f"{1_700_000_000_000 + 1000 * second}-0")
        pipe.execute()
    done = run(
        "suggest",
        f"--redis.url=redis://:{PASSWORD}@127.0.0.1:{server.port}",
        f"--update={file}",
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("can be seen by everybody") == 1
