"""What must page, what its page is asked for, and what mends it."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from replay.actors import Active, Actor, Moment, always, at, but, produce
from replay.scenario import (
    GROUP_MISSING,
    LOSING,
    MISSING,
    NOT_ACKNOWLEDGING,
    QUIET,
    REACTION,
    STALLED,
    Page,
)
from replay.scenarios.common import DECLARED, feed, jobs, leak, trimmed
from streamgauge.bundled import bundle_path
from support.polling import wait_for
from support.servers import RealServer, missing

_RUNBOOKS = bundle_path("alerts") / "runbooks"


class Worker:
    """A consumer as it should be: first its own pending entries, then new ones, each acknowledged.

    `done` is what it processed. It waits for its group where there is none.
    """

    def __init__(self, name: str, active: Active = always, count: int = 1000) -> None:
        self.name, self._active, self._count = name, active, count
        self.done: set[str] = set()

    def __call__(self, moment: Moment) -> None:
        if not self._active(moment.end):
            return
        for cursor in ("0", ">"):
            try:
                found = moment.redis.xreadgroup(
                    "g", self.name, {moment.stream: cursor}, count=self._count
                )
            except redis.ResponseError as error:
                if str(error).startswith("NOGROUP"):
                    return
                raise
            ids = [entry for _, entries in found for entry, _ in entries]
            if ids:
                moment.redis.xack(moment.stream, "g", *ids)
                self.done.update(ids)


def group() -> Actor:
    return at(0, lambda pipe, stream: pipe.xgroup_create(stream, "g", id="0", mkstream=True))


def takes(minute: float, consumer: str, count: int) -> Actor:
    """A consumer is handed so many entries and is not heard of again."""

    def take(pipe: Any, stream: str) -> None:
        for _ in range(count):
            pipe.xadd(stream, {"n": 1})
        pipe.xreadgroup("g", consumer, {stream: ">"}, count=count)

    return at(minute, take)


@dataclass(frozen=True)
class Repair:
    """A shell beside a server, and what is started again there."""

    server: RealServer
    redis: redis.Redis
    stream: str
    directory: Path

    def shell(self, script: str, *, fails: bool = True) -> str:
        """What a script says; an error reply ends it unless it may fail."""
        done = self.start(script, fails=fails)
        out, err = done.communicate(timeout=60)
        assert not fails or (done.returncode, err) == (0, ""), f"{script}: {out}{err}"
        return out

    def start(self, script: str, *, fails: bool = True) -> subprocess.Popen[str]:
        cli = shutil.which("redis-cli")
        if cli is None:
            missing("redis-cli")
        wrapper = self.directory / "redis-cli"
        wrapper.write_text(f'#!/bin/sh\nexec {cli} {"-e " if fails else ""}"$@"\n')
        wrapper.chmod(0o755)
        path = f"{self.directory}:{os.environ['PATH']}"
        return subprocess.Popen(
            ["/bin/sh", "-uc", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PATH": path},
        )

    def by_the_runbook(self, case: Case) -> None:
        """Run what it shows in its order, with the names filled in, up to what destroys."""
        text = (_RUNBOOKS / f"{case.page.alert}.md").read_text()
        diagnosis, _, mitigation = text.partition("\n## Mitigation\n")
        names = {"PORT": str(self.server.port), "STREAM": self.stream, "GROUP": "g"} | case.names
        given = ""
        for part in (diagnosis, mitigation.partition("\n- Destructive")[0]):
            for block in re.findall(r"```sh\n(.*?)```", part, re.DOTALL):
                for line in map(str.strip, block.strip().splitlines()):
                    if re.match(r"[A-Z]+=", line):
                        own = re.findall(r"[A-Z]+", re.sub(r"=('[^']*'|\S+)", "", line))
                        filled = [f"{k}={shlex.quote(names[k])}" for k in own if k in names]
                        given += "\n".join([line, *filled, ""])
                    elif line.startswith("redis-cli "):
                        self.shell(given + line, fails=part is not diagnosis)


def run(repair: Repair, line: str) -> None:
    repair.shell(line)


def watch(repair: Repair, line: str) -> None:
    """The command waits for an entry, and shows the one that comes."""
    waiting = repair.start(line)
    wait_for(lambda: repair.redis.info("clients")["blocked_clients"] == 1, "the command waits")
    entry = repair.redis.xadd(repair.stream, {"n": 1})
    assert str(entry) in waiting.communicate(timeout=60)[0]


def watch_and_make_group(repair: Repair, line: str) -> None:
    """As consumers do at their start: the group went with the stream."""
    watch(repair, line)
    repair.redis.xgroup_create(repair.stream, "g", "0")


@dataclass(frozen=True, eq=False)
class Case:
    """`page.until` is when it is mended; `state` is the contract's word for what is the matter."""

    state: str
    page: Page
    declared: dict[str, Any]
    life: Callable[[], Iterable[Actor]]
    command: str
    """How the page's explanation of it begins."""
    minutes: float
    mend: Callable[[Repair, str], None] = run
    owners: dict[str, int] = field(default_factory=dict)
    """Who has how many entries in hand when the command of the page was run."""
    owners_by_runbook: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """What else is filled in in the runbook."""
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def group_label(self) -> dict[str, str]:
        return {"group": self.page.group} if self.page.group else {}


CASES = (
    Case(
        "stalled",
        Page(STALLED, since=20, limit=5, until=32, group="g"),
        jobs("5m"),
        # One consumer dies with entries in hand, the other stops; the latter is started again.
        lambda: [
            group(), produce(10), takes(19, "gone", 3), Worker("w", but((20, 32))),
        ],
        "gives",
        minutes=56,
        owners={"w": 3},
        owners_by_runbook={"w": 3},
        names={"ALIVE": "w"},
    ),
    Case(
        "group missing",
        Page(GROUP_MISSING, since=20, until=30, group="g"),
        jobs(**DECLARED),
        lambda: [
            group(),
            produce(30),
            Worker("w"),
            at(20, lambda pipe, stream: pipe.xgroup_destroy(stream, "g")),
        ],
        "creates the group where it stood",
        minutes=42,
    ),
    Case(
        "losing entries",
        Page(LOSING, since=25, until=35, group="g"),
        jobs("90m"),
        # What the dead one has in hand leaves the stream as well.
        lambda: [
            group(), produce(1, **trimmed(300)), takes(20, "gone", 2), Worker("w", but((20, 35))),
        ],
        "takes 2 entries off the list",
        minutes=100,
        owners_by_runbook={"gone": 2},
    ),
    Case(
        "lag growing",
        leak(0.5, 10, 2, 30),
        jobs("2m"),
        lambda: [
            group(), produce(1), takes(9, "gone", 2),
            Worker("slow", lambda t: not 600 <= t < 1800 or t % 20 == 0, 10),
            Worker("more", lambda t: t >= 1800),
        ],
        "gives",
        minutes=55,
        owners={"slow": 2},
        owners_by_runbook={"gone": 2},
    ),
    Case(
        "not acknowledging",
        Page(NOT_ACKNOWLEDGING, since=20, limit=10, until=35, group="g"),
        jobs(**DECLARED),
        # Another one has had an entry for a minute only: it stays in its hands.
        lambda: [
            group(), produce(30), takes(20, "gone", 2), takes(34, "busy", 1), Worker("w"),
            Worker("busy", but((0, 38))),
        ],
        "gives",
        minutes=47,
        owners={"w": 2, "busy": 1},
        owners_by_runbook={"w": 2, "busy": 1},
        names={"ALIVE": "w"},
    ),
    Case(
        "quiet",
        Page(QUIET, since=20, limit=1, until=30),
        feed("1m"),
        lambda: [group(), produce(10, but((20, 30))), Worker("w")],
        "waits up to 30 s",
        minutes=42,
        mend=watch,
    ),
    Case(
        "missing",
        Page(MISSING, since=20, until=30),
        feed("5m"),
        lambda: [
            group(),
            produce(10, but((20, 30))),
            Worker("w"),
            at(20, lambda pipe, stream: pipe.delete(stream)),
        ],
        "waits up to 30 s",
        minutes=42,
        mend=watch_and_make_group,
    ),
    Case(
        "reaction overdue",
        Page(REACTION, since=20, limit=10, until=35),
        jobs("90m"),
        lambda: [
            at(0, lambda pipe, stream: pipe.xadd(stream, {"n": 1})),
            at(0, lambda pipe, _: pipe.xgroup_create("triggers", "g", mkstream=True)),
            at(20, lambda pipe, _: pipe.xadd("triggers", {"n": 1})),
        ],
        "answers in place",
        minutes=47,
        names={"AFTER": "triggers"},
        settings={
            "streams": [
                {"match": stream} | jobs("90m") for stream in ("triggers", "reaction-overdue")
            ],
            "reactions": [{"after": "triggers", "expect": "reaction-overdue", "within": "10m"}],
        },
    ),
)  # fmt: skip
