"""Which layout a configured Redis has."""

from __future__ import annotations

from streamgauge.config import RedisConfig
from streamgauge.source.cluster import Cluster
from streamgauge.source.sentinel import Sentinel
from streamgauge.source.standalone import Standalone
from streamgauge.source.topology import Topology


def topology_of(redis: RedisConfig) -> Topology:
    """Choose how to reach a Redis, from its configuration alone; nothing is connected yet."""
    if redis.sentinel is not None:
        return Sentinel(redis, redis.sentinel)
    return Cluster(redis) if redis.mode == "cluster" else Standalone(redis)
