"""`streamgauge demo` as a user runs it: a process that says where everything is and what breaks."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from support.polling import wait_for

# Slower than the rules' factor: the hourly batch then comes every three minutes, and none of them
# falls into the time in which things are broken and repaired.
SPEED = 20

_SERVER = re.compile(r"^  Redis +(\S+) \((?:.*process (\d+)|.*)\)$", re.MULTILINE)
_EXPORTER = re.compile(
    r"^  metrics +http://(127\.0\.0\.1:\d+)/metrics \(process (\d+)\)$", re.MULTILINE
)
_SAID = re.compile(r"^incident ([\w-]+): (.*)$")


class Demo:
    """One run of the demo; `begun` and `repaired` hold when each incident did so."""

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        address: str = "127.0.0.1:0",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.begun: dict[str, float] = {}
        self.repaired: dict[str, float] = {}
        self.server_process_id: int | None = None
        self.exporter_process_id: int | None = None
        self._directory = directory
        self._environment = environment
        self._arguments = [f"--speed={SPEED}", f"--dir={directory}", "--watch=exporter"]
        self._arguments += [f"--web.listen-address={address}", *arguments]
        self.output = ""

    def __enter__(self) -> Self:
        self._directory.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamgauge", "demo", *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
            # Ctrl-C reaches the tests alone, which then end it.
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._wait_until_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _wait_until_ready(self) -> None:
        def ready() -> bool:
            self.check()
            return "config file" in self.output

        wait_for(ready, "the demo is ready", every=0.05)
        server, exporter = _SERVER.search(self.output), _EXPORTER.search(self.output)
        assert server, self.output
        assert exporter, self.output
        self.redis_url = server[1]
        self.server_process_id = int(server[2]) if server[2] else None
        self.address = exporter[1]
        self.exporter_process_id = int(exporter[2])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            now = time.time()
            if said := _SAID.match(line):
                (self.repaired if said[2] == "repaired" else self.begun)[said[1]] = now
            self.output += line

    def check(self) -> None:
        """AssertionError when it has ended."""
        assert self._process.poll() is None, f"the demo ended by itself:\n{self.output}"

    def log(self) -> str:
        exporter = self._directory / "exporter.log"
        parts = [self.output, exporter.read_text(errors="replace") if exporter.exists() else ""]
        return "\n".join(parts)

    def freeze(self) -> None:
        """Stop the simulated system, so that it cannot react; its server and exporter go on."""
        self._process.send_signal(signal.SIGSTOP)

    def kill_server(self) -> None:
        assert self.server_process_id is not None
        os.kill(self.server_process_id, signal.SIGKILL)

    def kill_exporter(self) -> None:
        assert self.exporter_process_id is not None
        os.kill(self.exporter_process_id, signal.SIGKILL)

    def wait_until_ended(self) -> int:
        """Wait for its end, which comes by itself when it has lost a part; gives its exit code."""
        return self._process.wait(timeout=60)

    def _end(self) -> None:
        """End it together with what it started."""
        process = self._process
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            # It had no time to end them itself.
            for child in (self.server_process_id, self.exporter_process_id):
                if child is not None:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
        self._reader.join()
        assert process.stdout is not None
        process.stdout.close()
