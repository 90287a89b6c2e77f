"""The address of one server among several, and the settings to reach it with."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from streamgauge.config import RedisConfig
from streamgauge.config.model import Mode, host_and_port


class Node(NamedTuple):
    """One server, of a cluster or behind sentinels."""

    host: str
    port: int

    def __str__(self) -> str:
        return host_and_port(self.host, self.port)


def settings_at(redis: RedisConfig, node: Node) -> RedisConfig:
    """Return the settings of a Redis for one of its nodes: login and TLS are the same on all."""
    mode: Mode = "standalone" if redis.sentinel else "cluster"
    return replace(redis, host=node.host, port=node.port, mode=mode, sentinel=None)
