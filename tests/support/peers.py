"""Prometheus's programs and redis_exporter: as Debian has them, and the newest in .peers."""

from __future__ import annotations

import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support.polling import wait_for
from support.servers import ROOT, RealServer, free_port, missing

# Under which names Debian and others install them.
COMMANDS = {
    "promtool": ("promtool",),
    "prometheus": ("prometheus",),
    "amtool": ("amtool",),
    "alertmanager": ("prometheus-alertmanager", "alertmanager"),
    "redis_exporter": ("prometheus-redis-exporter",),
}


class Peer(NamedTuple):
    """A program in one version; `path` is None where it is not installed."""

    name: str
    version: str
    path: Path | None

    @property
    def binary(self) -> Path:
        """Where it is, or the end of this test."""
        if self.path is None and self.version == "newest":
            pytest.fail(f"{self.name} is not there in its newest version; run make peers")
        if self.path is None:
            missing(self.name)
        assert self.path is not None
        return self.path

    def run(self, *arguments: object) -> str:
        """What it says; AssertionError when it is not content."""
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@cache
def installed(name: str) -> Peer:
    """The one in the system: the oldest version that the pack supports, where Debian has it."""
    path = next((path for command in COMMANDS[name] if (path := shutil.which(command))), None)
    if path is None:
        return Peer(name, "installed", None)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\d+\.\d+\.\d+", said.stdout + said.stderr)
    return Peer(name, version[0] if version else "installed", Path(path))


def newest(name: str) -> Peer:
    """The one of tests/install-peers, which writes its version into the file's name."""
    path = next(ROOT.glob(f".peers/{name}-[0-9]*"), None)
    return Peer(name, path.name.removeprefix(f"{name}-") if path else "newest", path)


def newest_here(name: str) -> Peer:
    """The newest where it is, else the installed one."""
    peer = newest(name)
    return peer if peer.path else installed(name)


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `each_promtool` or others on the installed and on the newest ones.

    Only the oldest are named in the README, so that they are run each time. The newest run with
    --nightly, as hours of history and end-to-end tests take minutes once more; and each time where
    a test is marked `newest_too`, as checks of files take seconds. Where they are not there nothing
    is run with them, unless --nightly asks for it.
    """
    names = [name for name in COMMANDS if f"each_{name}" in metafunc.fixturenames]
    if not names:
        return
    chosen = [_param([installed(name) for name in names])]
    peers = [newest(name) for name in names]
    if metafunc.config.getoption("nightly") or all(peer.path for peer in peers):
        too = metafunc.definition.get_closest_marker("newest_too")
        chosen.append(_param(peers, *([] if too else [pytest.mark.nightly])))
    metafunc.parametrize([f"each_{name}" for name in names], chosen, scope="session")


def _param(peers: list[Peer], *marks: pytest.MarkDecorator) -> Any:
    versions = " ".join(f"{peer.name} {peer.version}" for peer in peers)
    return pytest.param(*peers, id=versions, marks=marks)


@contextmanager
def peer_exporter(peer: Peer, server: RealServer, log: Path) -> Iterator[str]:
    """redis_exporter beside `server`; gives its address."""
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
    """What redis_exporter at this address exposes; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
