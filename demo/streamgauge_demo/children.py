"""Child processes that end with the demo, even when it is killed."""

import asyncio
import contextlib
import http.client
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from streamgauge_demo.errors import DemoError
from streamgauge_demo.pace import every

# Asks the kernel for SIGTERM at the death of the parent, which a program keeps when it becomes
# another; a parent that has died meanwhile is no parent any more.
_BECOME: Final = """\
import ctypes, os, signal, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
parent, program = int(sys.argv[1]), sys.argv[2:]
if os.getppid() == parent:
    os.execv(program[0], program)
"""
POLL_SECONDS = 0.2
_READY_SECONDS = 20.0
_READY_POLL_SECONDS = 0.05
_REQUEST_SECONDS = 1.0
_STOP_SECONDS = 1.2
_LOG_LINES = 3


class Child:
    """A process that the demo started, by the name that its sentences give it."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process_id = process.pid
        self.exit_code = process.poll
        self.send_signal = process.send_signal
        self.log = log
        self.name = name

    async def ready(self, host: str, port: int, path: str = "/-/ready", word: bytes = b"") -> None:
        """Return when it answers there, with this word; DemoError when it does not in time."""
        try:
            async with asyncio.timeout(_READY_SECONDS):
                async for _ in every(_READY_POLL_SECONDS):
                    self.check()
                    if await asyncio.to_thread(_says, host, port, path, word):
                        return
        except TimeoutError as error:
            raise DemoError(
                f"{self.name} is not ready after {_READY_SECONDS:.0f} s: {self.last_words()}"
            ) from error

    async def died(self) -> None:
        """Wait for its end, which is always an error: the demo ends it in another way."""
        async for _ in every(POLL_SECONDS):
            self.check()

    def check(self) -> None:
        """DemoError when it has ended."""
        if (code := self.exit_code()) is not None:
            raise DemoError(f"{self.name} ended with code {code}: {self.last_words()}")

    def last_words(self) -> str:
        """The end of its log, for a sentence."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " / ".join(lines[-_LOG_LINES:]) or "it says nothing"


@contextlib.contextmanager
def running(
    name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Child]:
    """Start a program with its output in `log`, and end it with the block, by force if need be.

    To be used by the main thread: the kernel takes the end of the thread that started a process
    for its parent's.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            _leashed(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            # Ctrl-C reaches the demo alone, which then ends its children in order.
            process_group=0,
        )
    try:
        yield Child(name, process, log)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _leashed(command: Sequence[str]) -> list[str]:
    """The command for a child that ends with this process, where the kernel offers that.

    It has the same process ID as without.
    """
    if sys.platform != "linux":
        return [*command]
    return [sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), *command]


def _says(host: str, port: int, path: str, word: bytes) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=_REQUEST_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status == http.HTTPStatus.OK and word in answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
