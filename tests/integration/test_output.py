"""A stdout that is full or has no reader any more is no reason for a traceback, in any command."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commands import run
from support.servers import RealServer

FULL = Path("/dev/full")
COMMANDS = ("metrics", "check-config", "pack", "report", "suggest")

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")


@pytest.fixture
def arguments(redis7: RealServer, tmp_path: Path) -> dict[str, list[str]]:
    """What each command needs; the report ends with 1, for a stream without a class is no fault."""
    with redis7.client() as client:
        client.xgroup_create("s", "g", "0", mkstream=True)
    config = tmp_path / "streamgauge.yml"
    config.write_text(f"redis: {{url: {redis7.url}}}\nstreams: [{{match: '*', class: event}}]\n")
    return {
        "metrics": [],
        "check-config": [str(config)],
        "pack": [str(tmp_path / "pack")],
        "report": [f"--config.file={config}"],
        "suggest": [f"--redis.url={redis7.url}"],
    }


@pytest.fixture
def unread_pipe() -> Iterator[int]:
    """The end of a pipe whose reader has gone."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_disk_is_one_sentence(command, arguments):
    with FULL.open("wb") as full:
        done = run(command, *arguments[command], stdout=full.fileno())
    assert done.stderr == "streamgauge: cannot write to stdout: No space left on device\n"
    # Nobody may take it for the verdict of the report.
    assert done.returncode == (3 if command == "report" else 1)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_has_gone_wants_no_more(command, arguments, unread_pipe):
    done = run(command, *arguments[command], stdout=unread_pipe)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_demo_ends_in_order_when_its_stdout_is_full(tmp_path: Path):
    with FULL.open("wb") as full:
        done = run(
            "demo",
            "--speed=60",
            f"--dir={tmp_path}",
            "--web.listen-address=127.0.0.1:0",
            stdout=full.fileno(),
        )
    assert done.stderr == "streamgauge: cannot write to stdout: No space left on device\n"
    assert done.returncode == 1


def test_the_demo_goes_on_when_nobody_reads_what_it_says(tmp_path: Path, unread_pipe):
    done = run(
        "demo",
        "--speed=60",
        f"--dir={tmp_path}",
        "--web.listen-address=127.0.0.1:0",
        "--duration=0.1",
        stdout=unread_pipe,
    )
    assert (done.returncode, done.stderr) == (0, "")
