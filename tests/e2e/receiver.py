"""The pager, which Alertmanager's webhooks reach, and which remembers every call."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from streamgauge_demo.catalogue import STREAM_PREFIX
from streamgauge_demo.pager import Alert, running_pager

FIRING, RESOLVED = "firing", "resolved"


@dataclass(frozen=True)
class Notification:
    """One alert in one call, and when the call came."""

    at: float
    receiver: str
    status: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def page(self) -> tuple[str, str, str]:
        """What it is about: alert, stream (its short name) and group; "" for a label it has not."""
        stream = self.labels.get("stream", "").removeprefix(STREAM_PREFIX)
        return self.labels["alertname"], stream, self.labels.get("group", "")

    def __str__(self) -> str:
        return f"{self.at:.2f} {self.receiver} {self.status} {self.labels}"


class Receiver:
    """The demo's pager, which remembers what it is told; the path names the receiver."""

    def __init__(self) -> None:
        self._notifications: list[Notification] = []
        self._running = running_pager(self._remember)

    def __enter__(self) -> Self:
        self.url = self._running.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.__exit__(None, None, None)

    def _remember(self, name: str, alert: Alert) -> None:
        told = alert["status"], alert["labels"], alert["annotations"]
        self._notifications.append(Notification(time.time(), name, *told))

    def log(self) -> str:
        return "\n".join(map(str, self._notifications))

    def tickets(self) -> list[Notification]:
        return self._those(lambda one: one.receiver == "tickets")

    def pages(self, status: str) -> list[Notification]:
        """What the pager was told of this status, in the order it came."""
        return self._those(lambda one: (one.receiver, one.status) == ("pager", status))

    def _those(self, wanted: Callable[[Notification], bool]) -> list[Notification]:
        return [one for one in list(self._notifications) if wanted(one)]
