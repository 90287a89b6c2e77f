"""oliver006/redis_exporter beside a server of the tests."""

import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.peers import Peer
from support.polling import wait_for
from support.servers import RealServer, free_port


@contextmanager
def peer_exporter(peer: Peer, server: RealServer, log: Path) -> Iterator[str]:
    """The peer beside `server`; gives its address."""
    address = f"127.0.0.1:{free_port()}"
    flags = ["-redis.addr", server.url, "-check-streams", "*", "-web.listen-address", address]
    with log.open("wb") as out:
        process = subprocess.Popen([peer.binary, *flags], stdout=out, stderr=out)
    try:
        wait_for(lambda: peer_metrics(address), f"{peer.name} answers; its log is {log}")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)


def peer_metrics(address: str) -> str:
    """What the peer at this address exposes; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
