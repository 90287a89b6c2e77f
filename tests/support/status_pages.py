"""The status page and its JSON as a client reads them, of streams that are well and ill."""

import html
import json
import re
from typing import Any

import redis

from streamgauge.config import RedisConfig
from support.exporter import ExporterProcess
from support.servers import RealServer

STREAMS = [
    {"match": "feed:typed", "class": "continuous"},
    {"match": "feed:*", "class": "continuous", "quiet_limit": "5m"},
    {"match": "work:*", "class": "hybrid", "lag_limit": "1m"},
    {"match": "job:typed", "class": "event"},
    {"match": "job:*", "class": "event"},
]


def configuration(*servers: dict[str, Any]) -> dict[str, Any]:
    return {
        "redis": list(servers),
        "discovery": {"match": ["*"], "interval": "100ms"},
        "streams": STREAMS,
    }


def settings_of(server: RealServer) -> RedisConfig:
    """The settings that lead to a server of the tests."""
    return RedisConfig(name="main", host="127.0.0.1", port=server.port)


def add_streams(client: redis.Redis) -> None:
    """A quiet feed, a group past its limit, and what is all right."""
    seconds, _ = client.time()
    client.xadd("feed:quiet", {"n": 1}, id=f"{(seconds - 600) * 1000}-0")
    client.xadd("feed:fine", {"n": 1})
    client.xadd("work:late", {"n": 1}, id=f"{(seconds - 120) * 1000}-0")
    client.xgroup_create("work:late", "slow-ones", "0")
    client.xgroup_create("job:ready", "workers", "0", mkstream=True)


def fill(client: redis.Redis) -> None:
    """The same, a stream that nobody declared, and two keys that are no streams."""
    add_streams(client)
    client.xadd("other", {"n": 1})
    client.set("feed:typed", "a string")
    client.set("job:typed", "a string")


def text_of(process: ExporterProcess, path: str = "/") -> str:
    """What a page says, without its markup."""
    answer = process.get(path)
    assert answer.status == 200
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def status(process: ExporterProcess, path: str = "/api/v1/status") -> Any:
    answer = process.get(path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-store"
    return json.loads(answer.body)
