"""Commands that need no start: forked from a process that has loaded the program already.

Most of a start is imports, and the tests start the program a thousand times. What changes how
Python itself starts is started as ever; so is everything with --nightly, as a user's is.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import json
import os
import pkgutil
import random
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from support.clock_library import clock_library

IS_ON = True

_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_")
_BUFFERING = "PYTHONUNBUFFERED"
_SIZE = 1 << 20


class Forked:
    """A process that runs `streamgauge`, with what the tests use of subprocess.Popen."""

    def __init__(self, pid: int, ending: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ending: int | None = ending

    def poll(self) -> int | None:
        return self._await(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._await(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("streamgauge", timeout or 0)
        return code

    def send_signal(self, sign: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ends at this moment
                os.kill(self.pid, sign)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __del__(self) -> None:
        if self._ending is not None:
            os.close(self._ending)

    def _await(self, timeout: float | None) -> int | None:
        if self._ending is not None and select.select([self._ending], [], [], timeout)[0]:
            said = os.read(self._ending, 16)
            assert said, "the process that forks has ended"
            os.close(self._ending)
            self._ending, self.returncode = None, int(said)
        return self.returncode


class _Forker:
    """The process that has loaded the program, seen from the tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            code = f"from support.forked import fork_on_demand; fork_on_demand({theirs.fileno()})"
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                env=_own() | {"LD_PRELOAD": clock_library() or ""},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def fork(self, arguments: Sequence[str], environment: Mapping[str, str], *files: int) -> Forked:
        ending, theirs = os.pipe()
        try:
            request = json.dumps([list(arguments), dict(environment), str(Path.cwd())])
            with self._lock:
                socket.send_fds(self._line, [request.encode()], [*files, theirs])
                pid = int(self._line.recv(64))
        finally:
            os.close(theirs)
        return Forked(pid, ending)

    def end(self) -> None:
        self._line.close()
        self._process.wait()


_forkers: list[_Forker] = []
_beginning = threading.Lock()


def start(
    arguments: Sequence[str], environment: Mapping[str, str], stdout: int, stderr: int
) -> Forked | None:
    """Run `streamgauge` with these arguments; None where that takes a start of its own."""
    if not IS_ON or _startup(environment) != _startup(os.environ):
        return None
    with _beginning:
        if not _forkers:
            _forkers.append(_Forker())
            atexit.register(_forkers[0].end)
    with Path(os.devnull).open("rb") as nothing:
        files = [nothing.fileno(), stdout, stderr]
        return _forkers[0].fork(arguments, environment, *files)


def _startup(environment: Mapping[str, str]) -> dict[str, str]:
    """What has an effect before the program runs, but for what is imitated here."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_READ_AT_START) and name != _BUFFERING and value != clock_library()
    }


def _own() -> dict[str, str]:
    folders = os.pathsep.join(filter(None, [*sys.path, os.environ.get("PYTHONPATH")]))
    return dict(os.environ) | {"PYTHONPATH": folders}


def fork_on_demand(line: int) -> None:
    """Load the program, and run it in a new process for each request, until there are no more."""
    control = socket.socket(fileno=line)
    _load("streamgauge", "streamgauge_demo")
    endings: dict[int, tuple[int, int]] = {}
    while True:
        ready, _, _ = select.select([control, *endings], [], [])
        for ended in ready:
            if ended is not control:
                pid, told = endings.pop(ended)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                os.write(told, str(code).encode())
                os.close(told)
                os.close(ended)
        if control not in ready:
            continue
        request, files, _, _ = socket.recv_fds(control, _SIZE, 4)
        if not request:
            return
        *standard, told = files
        pid = os.fork()
        if pid == 0:
            control.detach()
            _become(*json.loads(request), standard)  # which leaves by SystemExit
        for file in standard:
            os.close(file)
        endings[os.pidfd_open(pid)] = pid, told
        control.send(str(pid).encode())


def _load(*packages: str) -> None:
    for package in packages:
        module = importlib.import_module(package)
        for found in pkgutil.walk_packages(module.__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    gc.freeze()


def _become(
    arguments: list[str], environment: dict[str, str], folder: str, standard: list[int]
) -> None:
    """Be what `python -m streamgauge` is after its imports."""
    for number, file in enumerate(standard):
        os.dup2(file, number)
    os.closerange(3, max(standard) + 1_000)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    random.seed()
    sys.argv = ["streamgauge", *arguments]
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = _written(1, "strict"), _written(2, "backslashreplace")
    importlib.import_module("streamgauge.cli").main()


def _written(number: int, errors: str) -> io.TextIOWrapper:
    is_unbuffered = bool(os.environ.get(_BUFFERING))
    raw = os.fdopen(number, "wb", 0 if is_unbuffered else -1, closefd=False)
    return io.TextIOWrapper(raw, errors=errors, line_buffering=True, write_through=is_unbuffered)
