"""The exporter as a user runs it: a process with a configuration file and an HTTP port."""

import http.client
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import yaml

from support.commands import Process, start
from support.metrics import Scrape
from support.polling import wait_for

LISTENING = re.compile(r"\bmsg=listening\b.*\baddress=(?:https?://)?127\.0\.0\.1:(\d+)")


class Response(NamedTuple):
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class ExporterProcess:
    """`python -m streamgauge serve ...`, on a port of its own choice.

    `config` (a mapping) is written to a file and named by --config.file; `environment` is added to
    this process's own, from which every STREAMGAUGE_ variable is taken out first.
    """

    def __init__(
        self,
        directory: Path,
        *arguments: str,
        config: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
    ):
        self.directory = directory
        self.arguments = [*arguments]
        self.environment = environment or {}
        self.port = 0
        self._process: Process | None = None
        if config is not None:
            self.write_config(config)
            self.arguments.append(f"--config.file={self.config_file}")

    @property
    def config_file(self) -> Path:
        return self.directory / "streamgauge.yml"

    def write_config(self, config: dict[str, Any]) -> None:
        self.config_file.write_text(yaml.safe_dump(config, allow_unicode=True))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, *, until_ready: bool = True) -> Self:
        """Start, and return when it listens and (unless told otherwise) says that it is ready."""
        assert self._process is None, "it runs already"
        listen = "--web.listen-address=127.0.0.1:0"
        with self._log_file.open("wb") as log:
            self._process = start(
                "serve",
                listen,
                *self.arguments,
                added={"PYTHONUNBUFFERED": "1"} | self.environment,
                stdout=log.fileno(),
                stderr=log.fileno(),
            )
        self.port = wait_for(self._listening, f"the exporter listens\n{self.log()}")
        if until_ready:
            wait_for(self.is_ready, "the exporter is ready")
        return self

    def _listening(self) -> int:
        ended = self._process is None or self._process.poll() is not None
        assert not ended, f"the exporter ended early:\n{self.log()}"
        found = LISTENING.search(self.log())
        return int(found[1]) if found else 0

    @property
    def _log_file(self) -> Path:
        return self.directory / "exporter.log"

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def is_ready(self) -> bool:
        return self.get("/-/ready").status == http.client.OK

    def get(
        self, path: str, headers: dict[str, str] | None = None, *, method: str = "GET"
    ) -> Response:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            sent = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, sent, answer.read())
        finally:
            connection.close()

    def scrape(self, path: str = "/metrics") -> Scrape:
        """One scrape, parsed."""
        answer = self.get(path)
        assert answer.status == http.client.OK, answer.text
        return Scrape(answer.text)

    def scrape_until(self, holds: Callable[[Scrape], object], what: str) -> Scrape:
        """Scrape until `holds` is true of a scrape, and return that one."""

        def probe() -> Scrape | None:
            scrape = self.scrape()
            return scrape if holds(scrape) else None

        return wait_for(probe, what)

    def scrape_until_known(self, *streams: str) -> Scrape:
        """Scrape until discovery has found all of `streams`; returns the scrape that shows them."""
        return self.scrape_until(
            lambda scrape: scrape.streams().issuperset(streams),
            f"discovery finds {', '.join(streams)}",
        )

    def send(self, sign: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(sign)

    def stop(self) -> int | None:
        """End it by SIGTERM and wait; returns its exit code, None when it was not running."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"SIGTERM did not end the exporter:\n{self.log()}") from None
