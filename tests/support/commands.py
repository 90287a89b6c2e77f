"""The command line as a user runs it: a process of its own, untouched by STREAMGAUGE_ variables."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from support import forked
from support.servers import missing

Process = forked.Forked | subprocess.Popen[bytes]


def environment(added: dict[str, str] | None = None) -> dict[str, str]:
    """This process's own, without what configures Streamgauge, and with what is added."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}
    return own | (added or {})


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "streamgauge", *map(str, arguments)]


@contextmanager
def killed_at_the_end(process: subprocess.Popen[Any]) -> Iterator[None]:
    """Leave no process of a test that failed: to wait for its end would hang the run."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.kill()


@contextmanager
def interruptible() -> Iterator[None]:
    """Who is started here ends by Ctrl-C, even where this process does not.

    A shell lets what it starts in the background ignore SIGINT, and so do all that come after that.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def start(
    *arguments: object, added: dict[str, str] | None = None, stdout: int, stderr: int
) -> Process:
    """Start a command; `added` is added to its environment."""
    words, own = [*map(str, arguments)], environment(added)
    return forked.start(words, own, stdout, stderr) or subprocess.Popen(
        command(*words), env=own, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
    )


def run(
    *arguments: object, added: dict[str, str] | None = None, stdout: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    with TemporaryFile() as out, TemporaryFile() as err:
        process = start(*arguments, added=added, stdout=stdout or out.fileno(), stderr=err.fileno())
        try:
            code = process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        for file in (out, err):
            file.seek(0)
        return subprocess.CompletedProcess(
            command(*arguments), code, out.read().decode(), err.read().decode()
        )


def run_tool(name: str, *arguments: object) -> str:
    """What a tool beside this Python or of the system says; fails when it does not exit with 0."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    if found is None:
        missing(name)
    assert found is not None
    done = subprocess.run(
        [found, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
