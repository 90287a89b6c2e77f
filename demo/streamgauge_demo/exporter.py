"""The exporter in front of the simulated system, and where it listens."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamgauge_demo.children import Child, running
from streamgauge_demo.errors import DemoError
from streamgauge_demo.server import free_port

SERVE = ("-m", "streamgauge", "serve")
_MAX_PORT = 65_535


@dataclass(frozen=True)
class ListenAddress:
    """Where the exporter listens; an empty host means every interface."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def reachable(self) -> "ListenAddress":
        """The same for someone on this machine."""
        if self.host in ("", "0.0.0.0"):  # noqa: S104
            return ListenAddress("127.0.0.1", self.port)
        return ListenAddress("::1", self.port) if self.host == "::" else self

    def is_free(self) -> bool:
        """Whether a process could listen there now; DemoError for a host that is none of ours."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
                # Binding beside a listener may succeed; listening beside it does not.
                probe.listen()
            except socket.gaierror as error:
                raise DemoError(f"cannot listen on {self}: no such host") from error
            except OSError:
                return False
        return True


def parse_listen_address(text: str) -> ListenAddress:
    """Read `host:port`, `:port` or `[ipv6]:port`; ValueError says what is allowed."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or int(port) > _MAX_PORT:
        raise ValueError(f"{text!r} is not HOST:PORT, such as 127.0.0.1:10121 or :10121")
    return ListenAddress(host, int(port))


def available(wanted: ListenAddress) -> ListenAddress:
    """The wanted address when it is free, else the same host with a free port."""
    if wanted.port and wanted.is_free():
        return wanted
    other = ListenAddress(wanted.host, free_port())
    if not other.is_free():
        raise DemoError(f"cannot listen on {wanted}: not an address of this machine")
    return other


@contextlib.contextmanager
def running_exporter(
    config: Path, address: ListenAddress, environment: Mapping[str, str]
) -> Iterator[Child]:
    """Start `streamgauge serve`, its log beside the configuration, and end it with the block."""
    listen = f"--web.listen-address={address}"
    command = [sys.executable, *SERVE, f"--config.file={config}", listen]
    with running("the exporter", command, config.with_name("exporter.log"), environment) as child:
        yield child


def exporter_environment(redis_url: str, *, has_login: bool) -> dict[str, str]:
    """This environment without settings of another exporter; a login goes here, not to a file."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("STREAMGAUGE_")}
    return {**kept, "STREAMGAUGE_REDIS_URL": redis_url} if has_login else kept
