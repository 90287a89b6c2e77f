"""Real sentinels on 127.0.0.1, and the primary and replicas that they watch."""

from pathlib import Path

import redis

from support.polling import wait_for
from support.servers import RealServer

SERVICE = "quantum"


class RealSentinel(RealServer):
    """A sentinel process that watches one primary as `SERVICE`; alone it may order a failover.

    `lines` are further lines of its configuration, such as `requirepass` and `user`.
    """

    ready_words = b"+monitor master"

    def __init__(
        self,
        name: str,
        directory: Path,
        primary: RealServer,
        *lines: str,
        password: str | None = None,
    ):
        super().__init__(name, directory, password=password)
        self._lines = (
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary.port} 1",
            f"sentinel down-after-milliseconds {SERVICE} 500",
            f"sentinel failover-timeout {SERVICE} 5000",
            *lines,
        )

    def _arguments(self) -> list[str]:
        file = self.directory / "sentinel.conf"
        if not file.exists():  # it writes there itself what it learns
            file.write_text("\n".join(self._lines) + "\n")
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory)]
        return [str(file), "--sentinel", *where]

    def primary_port(self) -> int:
        """The port of the primary that this sentinel names."""
        with self.client() as client:
            _, port = client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
            return int(port)

    def knows_replica(self) -> bool:
        """Whether it could fail over: it has seen a replica that is well."""
        with self.client() as client:
            replicas = client.sentinel_slaves(SERVICE)
            return any(
                one["master-link-status"] == "ok" and "s_down" not in one["flags"]
                for one in replicas
            )

    def fail_over(self) -> None:
        """Let the replica take over while the primary lives; returns when it is named."""
        before = self.primary_port()
        with self.client() as client:
            client.execute_command("SENTINEL", "FAILOVER", SERVICE)
        wait_for(lambda: self.primary_port() != before, "the sentinel names another primary")


def follow(replica: RealServer, primary: RealServer) -> None:
    """Make one server the replica of another, and wait until it has its data."""
    with primary.client() as client:
        client.config_set("repl-diskless-sync-delay", 0)
    with replica.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", primary.port)
        wait_for(lambda: has_synced(client), "the replica has synced")


def has_synced(client: redis.Redis) -> bool:
    return client.info("replication").get("master_link_status") == "up"


def wait_for_replica(replica: RealServer, primary: RealServer) -> None:
    """Wait until everything written so far is at the replica."""
    # WAIT would not do: it answers for the writes of its own connection alone.
    with primary.client() as client:
        written = client.info("replication")["master_repl_offset"]
    with replica.client() as client:
        wait_for(
            lambda: client.info("replication")["slave_repl_offset"] >= written,
            "the replica has what its primary has",
        )
