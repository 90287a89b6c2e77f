"""Prometheus and Alertmanager as processes of their own, on free ports of 127.0.0.1."""

import json
import os
import re
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from e2e.scaling import FACTOR
from streamgauge_demo.monitoring import write_alertmanager, write_prometheus, write_rules
from support.peers import Peer
from support.polling import wait_for
from support.promtool import FEWER_COLLECTIONS
from support.servers import free_port

_LISTENING = re.compile(r'msg="Listening on" (?:component=web )?address=127\.0\.0\.1:')


class WebServer:
    """A program with an HTTP port, which it tells in its log as soon as it listens."""

    def __init__(self, directory: Path, peer: Peer) -> None:
        self.directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._name = peer.name
        self._binary = peer.binary
        directory.mkdir(exist_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def arguments(self) -> Iterator[str]:
        raise NotImplementedError

    def start(self) -> None:
        """Start, on the same port each time; return when it says that it is ready."""
        assert self._process is None, "it runs already"
        before = len(self.log())
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    self._binary,
                    *self.arguments(),
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
                cwd=self.directory,
                env=os.environ | FEWER_COLLECTIONS,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

        def listening() -> bool:
            assert self.is_running(), f"it ended early:\n{self.log()}"
            return _LISTENING.search(self.log(), before) is not None

        wait_for(listening, f"{self._name} listens", every=0.05)
        wait_for(self._is_ready, f"{self._name} is ready", every=0.05)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def _log_file(self) -> Path:
        return self.directory / "log"

    def log(self) -> str:
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://{self.address}{path}", timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def _is_ready(self) -> bool:
        try:
            return bool(self.get("/-/ready"))
        except OSError:
            return False


class Alertmanager(WebServer):
    """On the shipped example, in quick motion, with both receivers at `receiver_url`."""

    def __init__(self, directory: Path, peer: Peer, receiver_url: str) -> None:
        super().__init__(directory, peer)
        self._flags = write_alertmanager(directory, receiver_url, FACTOR)

    def arguments(self) -> Iterator[str]:
        yield from self._flags


class Prometheus(WebServer):
    """On all shipped rule files, in quick motion; scrapes one target and reports to `alertmanager`.

    It keeps its data and its port when it is stopped and started again.
    """

    def __init__(self, directory: Path, peer: Peer, target: str, alertmanager: str) -> None:
        super().__init__(directory, peer)
        self._flags = write_prometheus(directory, target, alertmanager, FACTOR)
        self._has_rules = False

    def arguments(self) -> Iterator[str]:
        yield from self._flags

    def start(self) -> None:
        """Start; the first time the rules come after the first scrape, as in the demo."""
        super().start()
        if not self._has_rules and self._process is not None:
            wait_for(lambda: self.query("up"), "the first scrape", every=0.1)
            write_rules(self.directory, FACTOR)
            self._process.send_signal(signal.SIGHUP)
            wait_for(self.evaluated_until, "the first evaluation", every=0.1)
            self._has_rules = True

    def restart(self) -> None:
        self.stop()
        self.start()

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """What an expression gives now: labels and value of each series."""
        answer = self._api("query", query=expression)
        return [(one["metric"], float(one["value"][1])) for one in answer["result"]]

    def value(self, expression: str) -> float | None:
        """The one value an expression gives; None when it gives none."""
        values = [value for _, value in self.query(expression)]
        assert len(values) <= 1, f"{expression} gives {values}"
        return values[0] if values else None

    def firing(self) -> list[dict[str, str]]:
        """The labels of the alerts that are firing now."""
        answer = self._api("alerts")
        return [alert["labels"] for alert in answer["alerts"] if alert["state"] == "firing"]

    def evaluated_until(self) -> float:
        """The time up to which every group of rules was evaluated; 0 before the first time."""
        groups = self._api("rules")["groups"]
        moments = [datetime.fromisoformat(group["lastEvaluation"]) for group in groups]
        return max(min(moment.timestamp() for moment in moments), 0.0) if moments else 0.0

    def wait_until_evaluated(self, moment: float, what: str) -> None:
        """Wait until every group of rules was evaluated at `moment` or later."""
        wait_for(
            lambda: self.evaluated_until() >= moment,
            f"Prometheus has evaluated {what}",
            seconds=max(moment - self.evaluated_until(), 0) + 30,
            every=0.2,
        )

    def _api(self, path: str, **parameters: str) -> Any:
        answer = json.loads(self.get(f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
        assert answer["status"] == "success", answer
        return answer["data"]
