"""A real Redis Cluster on 127.0.0.1: primaries, replicas, and slots that move between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import redis
from redis.crc import key_slot

from support.polling import wait_for
from support.servers import RealServer

SLOTS = 16384
OPTIONS = (
    *("--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"),
    *("--repl-diskless-sync-delay", "0"),
)
PATIENCE_MS, IMPATIENCE_MS = 15_000, 500
"""How long nodes wait for each other before they think one dead. Where that is short, a node that a
busy machine leaves waiting is dead too: only a test that has just killed one may wish that."""


class RealCluster:
    """`with RealCluster("redis-7.0", directory, primaries=3) as cluster: ...`.

    The first `primaries` of `nodes` share the slots evenly; each of `replicas_of` is the number of
    a primary that gets one more node as its replica.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        *options: str,
        primaries: int = 3,
        replicas_of: tuple[int, ...] = (),
        client_options: dict[str, Any] | None = None,
        **keywords: Any,
    ):
        self.client_options = client_options or {}
        self.primaries = primaries
        self._replicas_of = replicas_of
        self.nodes = []
        for number in range(primaries + len(replicas_of)):
            folder = directory / f"node{number}"
            folder.mkdir()
            self.nodes.append(RealServer(name, folder, *OPTIONS, *options, **keywords))

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the nodes, share out the slots, and return when all of them agree."""
        for node in self.nodes:
            node.start()
        for number, node in enumerate(self.nodes):
            with self.node_client(node) as client:
                client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
                if number < self.primaries:
                    client.execute_command("CLUSTER", "ADDSLOTS", *self.share_of(number))
                for other in self.nodes[:number]:
                    client.execute_command("CLUSTER", "MEET", "127.0.0.1", other.port)
        self.wait_until_whole()
        for number, primary in enumerate(self._replicas_of, start=self.primaries):
            with self.node_client(self.nodes[number]) as client:
                client.execute_command("CLUSTER", "REPLICATE", self.id_of(self.nodes[primary]))
                wait_for(lambda one=client: _is_linked(one), "the replica follows its primary")

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def share_of(self, primary: int) -> range:
        """The slots that a primary has at the start."""
        size = SLOTS // self.primaries
        return range(
            primary * size, SLOTS if primary == self.primaries - 1 else (primary + 1) * size
        )

    def key_at(self, primary: int, prefix: str = "s") -> str:
        """A key that belonged to this primary at the start; the same for the same prefix."""
        return next(
            key
            for key in (f"{prefix}:{number}" for number in range(10_000))
            if key_slot(key.encode()) in self.share_of(primary)
        )

    def wait_until_whole(self) -> None:
        """Return when every node knows all others and says that the cluster is well."""
        for node in self.nodes:
            with self.node_client(node) as client:
                wait_for(lambda one=client: self._is_whole(one), f"{node.address} knows all nodes")

    def notice_death(self) -> None:
        """Let the nodes that run find out soon who does not, until `recover`."""
        self._wait_for_each_other(IMPATIENCE_MS)

    def recover(self) -> None:
        """Start the dead; return when nobody thinks anybody dead, nor soon will."""
        for node in self.nodes:
            if not node.is_running:
                node.start()
        self.wait_until_whole()
        self._wait_for_each_other(PATIENCE_MS)
        self.wait_until_whole()

    def _wait_for_each_other(self, milliseconds: int) -> None:
        for node in self.nodes:
            if node.is_running:
                with self.node_client(node) as client:
                    client.config_set("cluster-node-timeout", milliseconds)

    def _is_whole(self, client: redis.Redis) -> bool:
        told = client.execute_command("CLUSTER", "INFO")
        info = told if isinstance(told, dict) else dict(_pairs(told))
        nodes = str(client.execute_command("CLUSTER", "NODES"))
        return (
            info["cluster_state"] == "ok"
            and int(info["cluster_slots_ok"]) == SLOTS
            and int(info["cluster_known_nodes"]) == len(self.nodes)
            and "fail" not in nodes
            and "handshake" not in nodes
        )

    @contextmanager
    def client(self) -> Iterator[redis.RedisCluster]:
        """A client of the whole cluster, that follows where keys are."""
        port = next(node.port for node in self.nodes if node.is_running)
        client = redis.RedisCluster(
            host="127.0.0.1",
            port=port,
            password=self.nodes[0].password,
            decode_responses=True,
            **self.client_options,
        )
        try:
            yield client
        finally:
            client.close()

    @contextmanager
    def node_client(self, node: RealServer) -> Iterator[redis.Redis]:
        with node.client(**self.client_options) as client:
            yield client

    def id_of(self, node: RealServer) -> str:
        with self.node_client(node) as client:
            return str(client.execute_command("CLUSTER", "MYID"))

    def begin_move(self, slot: int, source: RealServer, target: RealServer) -> None:
        """Let a slot migrate: keys may now be on either side."""
        with self.node_client(source) as old, self.node_client(target) as new:
            new.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", self.id_of(source))
            old.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", self.id_of(target))

    def move_keys(self, slot: int, source: RealServer, target: RealServer, count: int) -> int:
        """Move so many keys of a migrating slot; returns how many there were."""
        with self.node_client(source) as old:
            keys = old.execute_command("CLUSTER", "GETKEYSINSLOT", slot, count)
            if keys:
                address = ("127.0.0.1", target.port, "", 0, 5000)
                old.execute_command("MIGRATE", *address, "KEYS", *keys)
            return len(keys)

    def end_move(self, slot: int, target: RealServer) -> None:
        """Give the slot to its new owner: that one is told first, or nobody would serve it."""
        owner = self.id_of(target)
        for node in (target, *[node for node in self.nodes if node is not target]):
            with self.node_client(node) as client:
                client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", owner)

    def move(self, slot: int, source: RealServer, target: RealServer) -> None:
        """Move a slot and all its keys."""
        self.begin_move(slot, source, target)
        while self.move_keys(slot, source, target, 10):
            pass
        self.end_move(slot, target)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split():
        key, _, value = line.partition(":")
        yield key, value


def _is_linked(client: redis.Redis) -> bool:
    return client.info("replication").get("master_link_status") == "up"
