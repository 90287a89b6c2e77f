"""All of it together: the demo, Prometheus, Alertmanager and the pager."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, Protocol, Self, TypeVar

from e2e.demo import Demo
from e2e.receiver import Receiver
from e2e.servers import Alertmanager, Prometheus
from support.peers import Peer
from support.polling import wait_for

LOG_CHARACTERS = 6_000


class Monitoring(NamedTuple):
    """Which versions watch."""

    prometheus: Peer
    alertmanager: Peer


class Runs(Protocol):
    """A part that runs for as long as its block, and can tell what it did."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def log(self) -> str: ...


Part = TypeVar("Part", bound=Runs)


class Stack:
    """Everything between an entry in Redis and a pager, on free ports of 127.0.0.1."""

    def __init__(self, directory: Path, monitoring: Monitoring, *demo_arguments: str) -> None:
        self._directory = directory
        self._monitoring = monitoring
        self._demo_arguments = demo_arguments
        self._demos = 0
        self._running = ExitStack()
        self._logs: dict[str, Callable[[], str]] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException as error:
            self._end(error)
            raise
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._end(error)

    def _start(self) -> None:
        self.receiver = self._run("what the pager was told", Receiver())
        prometheus, alertmanager = self._monitoring
        self.alertmanager = self._run(
            "Alertmanager",
            Alertmanager(self._directory / "alertmanager", alertmanager, self.receiver.url),
        )
        self.demo = self.start_demo(*self._demo_arguments)
        self.prometheus = self._run(
            "Prometheus",
            Prometheus(
                self._directory / "prometheus",
                prometheus,
                self.demo.address,
                self.alertmanager.address,
            ),
        )
        wait_for(self.sees_redis, "Prometheus knows of Redis", every=0.1)

    def start_demo(self, *arguments: str, address: str = "127.0.0.1:0") -> Demo:
        """Start a demo; with the `address` of an earlier one it takes its place."""
        self._demos += 1
        name = f"demo-{self._demos}"
        return self._run(name, Demo(self._directory / name, *arguments, address=address))

    def sees_redis(self) -> bool:
        """Whether by the recorded series Redis is up now."""
        return self.prometheus.value("redis:redis_up:max") == 1

    def _run(self, name: str, part: Part) -> Part:
        self._logs[name] = part.log
        return self._running.enter_context(part)

    def _end(self, error: BaseException | None) -> None:
        """End all parts; an error is shown with their logs."""
        self._running.close()
        if error is not None:
            for name, log in self._logs.items():
                error.add_note(f"--- {name}\n{log()[-LOG_CHARACTERS:]}")
