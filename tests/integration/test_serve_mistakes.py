"""What a user gets wrong on the command line or in a file: one clear sentence, and no traceback."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from support.commands import command, environment, run
from support.faulty import Proxy
from support.servers import RealServer

USAGE, FAILURE = 2, 1
REDIS = "--redis.url=redis://127.0.0.1:1"


class Case(NamedTuple):
    """Arguments; the exit code; words of the one line that is said."""

    arguments: tuple[str, ...]
    code: int
    words: tuple[str, ...]
    environment: tuple[str, ...] = ()


# {dir} holds the files of FILES; {port} is taken.
CASES = {
    "missing file": Case(
        ("serve", "--config.file={dir}/absent.yml"), USAGE, ("{dir}/absent.yml", "No such file")
    ),
    "missing file of the environment": Case(
        ("serve",), USAGE, ("/absent.yml", "No such file"),
        ("STREAMGAUGE_CONFIG_FILE={dir}/absent.yml",),
    ),
    "directory for a file": Case(
        ("serve", "--config.file={dir}"), USAGE, ("{dir}", "directory")
    ),
    "file that is no text": Case(
        ("serve", "--config.file={dir}/binary.yml"), USAGE, ("{dir}/binary.yml", "UTF-8")
    ),
    "file that is no YAML": Case(
        ("serve", "--config.file={dir}/broken.yml"), USAGE, ("{dir}/broken.yml", "line 3")
    ),
    "unknown key": Case(
        ("serve", "--config.file={dir}/unknown.yml"), USAGE, ("redis.tymeout", "timeout")
    ),
    "password file that is missing": Case(
        ("serve", "--config.file={dir}/secret.yml"), USAGE, ("redis.password_file", "No such file")
    ),
    "no address": Case(("serve",), USAGE, ("--redis.url", "redis.url")),
    "address of another kind": Case(
        ("serve", "--redis.url=http://127.0.0.1"), USAGE, ("--redis.url", "redis://", "rediss://", "unix://")
    ),
    "port in use": Case(
        ("serve", REDIS, "--web.listen-address=127.0.0.1:{port}"), FAILURE,
        ("127.0.0.1:{port}", "in use"),
    ),
    "address that is not ours": Case(
        ("serve", REDIS, "--web.listen-address=192.0.2.1:0"), FAILURE, ("192.0.2.1:0",)
    ),
    "host without a port": Case(
        ("serve", REDIS, "--web.listen-address=localhost"), FAILURE, ("localhost", "host:port")
    ),
    "unknown flag": Case(
        ("serve", "--web.listen-adress=:0"), USAGE, ("--web.listen-adress", "--web.listen-address")
    ),
    "unknown command": Case(("serf",), USAGE, ("serf",)),
    "unknown log level": Case(
        ("serve", REDIS, "--log.level=loud"), USAGE, ("loud", "--log.level", "debug")
    ),
}  # fmt: skip
FILES = {
    "binary.yml": b"redis: \xff\xfe",
    "broken.yml": b"redis:\n  url: [\n",
    "unknown.yml": b"redis: {url: 'redis://127.0.0.1', tymeout: 5s}",
    "secret.yml": b"redis: {url: 'redis://127.0.0.1', password_file: absent}",
}


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the words in braces stand for."""
    directory: Path = tmp_path_factory.mktemp("mistakes")
    for name, content in FILES.items():
        (directory / name).write_bytes(content)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield {"dir": str(directory), "port": str(taken.getsockname()[1])}


@pytest.fixture(scope="module")
def said(surroundings: dict[str, str]) -> dict[str, Said]:
    """What each case says; two run at a time."""

    def start(case: Case) -> subprocess.Popen[str]:
        arguments = [word.format(**surroundings) for word in case.arguments]
        extra = dict(one.format(**surroundings).split("=", 1) for one in case.environment)
        return subprocess.Popen(
            command(*arguments),
            env=environment(extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    answers = {}
    names = list(CASES)
    for first in range(0, len(names), 2):
        pair = names[first : first + 2]
        for name, process in [(name, start(CASES[name])) for name in pair]:
            try:
                out, err = process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                out, err = process.communicate()
            answers[name] = Said(process.returncode, out, err)
    return answers


@pytest.mark.parametrize("name", CASES)
def test_mistake_is_one_clear_sentence_and_an_exit_code(
    said: dict[str, Said], surroundings: dict[str, str], name: str
) -> None:
    case, answer = CASES[name], said[name]
    assert (answer.code, answer.out) == (case.code, "")
    lines = answer.err.splitlines()
    # A mistake on the command line is followed by how the command is used.
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("Usage: ")), answer.err
    assert lines[0].startswith("streamgauge: ")
    words = [word.format(**surroundings) for word in case.words]
    assert [word for word in words if word not in lines[0]] == []


def test_file_that_may_not_be_read_is_one_clear_sentence(
    said: dict[str, Said], tmp_path: Path
) -> None:
    file = tmp_path / "closed.yml"
    file.write_text("redis: {url: 'redis://127.0.0.1'}")
    file.chmod(0)
    if os.access(file, os.R_OK):  # root reads everything: a name that is too long is denied to all
        file = tmp_path / ("x" * 300)
    done = run("serve", f"--config.file={file}")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr.startswith("streamgauge: ")
    assert done.stderr.count("\n") == 1
    assert "cannot be read" in done.stderr


def test_process_that_cannot_listen_leaves_redis_alone(redis7: RealServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, Proxy(redis7.port) as proxy:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        free = ["--web.listen-address=127.0.0.1:0"] * 200  # time enough to do what it must not
        listen = f"--web.listen-address={address}"
        done = run("serve", f"--redis.url={proxy.url}", *free, listen)
        assert (done.returncode, proxy.connections) == (FAILURE, 0)
