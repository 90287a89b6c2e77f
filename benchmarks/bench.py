"""How the cases are run: on which server, how often, and how much smaller than they are."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from contenders import streamgauge
from load import Shape, add_streams
from measures import Stand

from support.servers import RealServer


class Bench(NamedTuple):
    """`rounds` replaces the usual number of each case, and `scale` multiplies its sizes."""

    server_name: str
    folder: Path
    rounds: int | None = None
    scale: float = 1.0

    def new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))

    @contextmanager
    def server(self, *options: str) -> Iterator[RealServer]:
        """A Redis of its own, empty."""
        with RealServer(self.server_name, self.new_folder(), *options) as server:
            yield server

    def turns(self, usual: int) -> int:
        return self.rounds or usual

    def scaled(self, count: int) -> int:
        return max(1, round(count * self.scale))

    def shape(self, streams: int, groups: int, consumers: int) -> Shape:
        return Shape(self.scaled(streams), groups, consumers)

    @contextmanager
    def alone(self, streams: int, groups: int, consumers: int) -> Iterator[Stand]:
        """Our exporter before a Redis of its own with such streams."""
        shape = self.shape(streams, groups, consumers) if streams else Shape(0, 0, 0)
        with self.server() as server:
            add_streams(server, shape)
            with streamgauge(server.url, self.new_folder(), shape.streams) as exporter:
                yield Stand(exporter, server, shape.streams)
