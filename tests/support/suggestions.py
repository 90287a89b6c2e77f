"""`streamgauge suggest` as a user runs it, and streams whose class can be told."""

from typing import Any, NamedTuple

import redis
import yaml

from support.commands import run
from support.servers import RealServer

SECRET = "hunter2"
READING = ["+time", "+scan", "+xinfo|stream", "+xinfo|groups", "+xrevrange"]


class Suggestion(NamedTuple):
    """What a run of the command left behind."""

    code: int
    out: str
    err: str

    def rules(self) -> dict[str, Any]:
        return {each["match"]: each for each in yaml.safe_load(self.out)["streams"] or ()}


def suggest(*arguments: object, environment: dict[str, str] | None = None) -> Suggestion:
    done = run("suggest", *arguments, added=environment)
    return Suggestion(done.returncode, done.stdout, done.stderr)


def every(gap: float, count: int) -> list[float]:
    return [gap * each for each in range(count, 0, -1)]


def add(client: redis.Redis, name: bytes, ago: list[float]) -> None:
    """Add an entry for each time so many seconds ago, the longest ago first."""
    seconds, _ = client.time()
    with client.pipeline(transaction=False) as pipe:
        for each in ago:
            pipe.xadd(name, {"n": "1"}, id=f"{int((seconds - each) * 1000)}-1")
        pipe.execute()


def fill(server: RealServer) -> None:
    """A feed, rare events, a queue never written, a feed that died, and a name that is no name."""
    with server.client() as client:
        add(client, b"feed:tick", every(1, 900))
        days = [86_400 * each for each in (90, 77, 51, 40, 11, 2)]
        for name in (b"job:a", b"job:b", b"job:c"):
            add(client, name, days)
        client.xgroup_create("queue", "workers", mkstream=True)
        add(client, b"dead", [86_400 + 10 * each for each in range(900, 0, -1)])
        add(client, b"\xff\n#*", days)
        client.xadd("counter", {"n": "1"}, id="5-1")
