"""oliver006/redis_exporter beside a server of the tests."""

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.polling import wait_for
from support.servers import RealServer, free_port, missing

PEER = "prometheus-redis-exporter"


@contextmanager
def peer_exporter(server: RealServer, log: Path) -> Iterator[str]:
    """The peer beside `server`; gives its address."""
    binary = shutil.which(PEER)
    if binary is None:
        missing(PEER)
    address = f"127.0.0.1:{free_port()}"
    flags = ["-redis.addr", server.url, "-check-streams", "*", "-web.listen-address", address]
    with log.open("wb") as out:
        process = subprocess.Popen([binary, *flags], stdout=out, stderr=out)
    try:
        wait_for(lambda: peer_metrics(address), f"{PEER} answers; its log is {log}")
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
