"""Three primaries with a stream of each class, and what a scrape says when one is lost."""

from typing import Any

from support.clusters import RealCluster
from support.faulty_rig import Outcome
from support.metrics import Scrape

PREFIXES = {"feed": "continuous", "work": "hybrid", "job": "event", "who": "unclassified"}
OFTEN = {"match": ["*"], "interval": "100ms"}


def configuration(cluster: RealCluster, **sections: Any) -> dict[str, Any]:
    return {
        "redis": {"name": "main", "url": cluster.nodes[0].url, "mode": "cluster", "timeout": "5s"},
        "discovery": OFTEN,
        "streams": [
            {"match": f"{prefix}:*", "class": class_}
            for prefix, class_ in PREFIXES.items()
            if class_ != "unclassified"
        ],
    } | sections


def keys(cluster: RealCluster) -> dict[str, int]:
    """One key of each class at each primary, and the number of that primary."""
    return {
        cluster.key_at(primary, prefix): primary
        for prefix in PREFIXES
        for primary in range(cluster.primaries)
    }


def fill(cluster: RealCluster) -> dict[str, int]:
    """Empty the cluster and fill it with `keys`: five entries in each, a group that read two."""
    for node in cluster.nodes:
        with cluster.node_client(node) as client:
            if client.info("replication")["role"] == "master":
                client.flushall()
    with cluster.client() as client:
        for key in keys(cluster):
            for number in range(5):
                client.xadd(key, {"n": number})
            client.xgroup_create(key, "g", id="0")
            client.xreadgroup("g", "c", {key: ">"}, count=2)
    return keys(cluster)


def lengths(scrape: Scrape) -> dict[str, float]:
    return {key[0]: value for key, value in scrape["redis_stream_length"].items()}


def outage(streams: dict[str, int], primary: int, reason: str) -> Outcome:
    """The outcome when one primary cannot be read and the others can."""
    return Outcome(
        1,
        {stream for stream, at in streams.items() if at != primary},
        {(class_, reason): 1 for class_ in PREFIXES.values()},
    )
