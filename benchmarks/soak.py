"""A day of an exporter's life in minutes: does it hold what it held after warming up?

    python benchmarks/soak.py                    5760 scrapes: one every 15 s for 24 h
    python benchmarks/soak.py --scrapes 40000    a week

Before each scrape streams are made, renamed and deleted, groups and consumers come and go, all with
IDs that are no times; every so often connections break, and the configuration is replaced, or wrong
for a while. Prints what the process holds, and exits with 1 when its memory grew by more than
10 % after the warm-up, or its threads or open files by more than a few.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.exporter import ExporterProcess
from support.faulty import Proxy
from support.servers import RealServer
from support.soaking import Usage, configuration, soak

SCRAPES = 24 * 3600 // 15
MOST_GROWTH = 1.10
SPARE = 3  # a connection of a client, of discovery, and one that is being closed


def show(title: str, usage: Usage) -> None:
    print(
        f"{title:<16} {usage.resident_kib / 1024:7.1f} MiB resident"
        f" {usage.threads:4} threads {usage.files:4} open files",
        flush=True,
    )


def middle(usages: list[Usage]) -> Usage:
    return Usage(*(int(statistics.median(column)) for column in zip(*usages, strict=True)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scrapes", type=int, default=SCRAPES)
    parser.add_argument("--server", default="redis-7.0")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        RealServer(arguments.server, Path(directory)) as server,
        server.client() as client,
        Proxy(server.port) as proxy,
        ExporterProcess(Path(directory), config=configuration(proxy.url)) as process,
    ):
        started, seen = time.monotonic(), []
        for number, usage in enumerate(soak(process, proxy, client, arguments.scrapes), 1):
            seen.append(usage)
            if number % max(arguments.scrapes // 10, 1) == 0:
                show(f"{number} scrapes", usage)
                proxy.commands.clear()
        seconds = time.monotonic() - started
        left = {name: value for name, value in memory(process).items() if value}
    tenth = max(len(seen) // 10, 1)
    warm, end = middle(seen[tenth : 2 * tenth]), middle(seen[-tenth:])
    show("after warm-up", warm)
    show("at the end", end)
    print(f"{len(seen)} scrapes in {seconds:.0f} s; {left}")
    grew = end.resident_kib > warm.resident_kib * MOST_GROWTH
    return int(grew or end.threads > warm.threads + SPARE or end.files > warm.files + SPARE)


def memory(process: ExporterProcess) -> dict[str, float]:
    scrape = process.scrape()
    return {
        "streams": float(len(scrape.streams())),
        "groups": float(len(scrape["redis_stream_group_consumers"])),
    }


if __name__ == "__main__":
    sys.exit(main())
