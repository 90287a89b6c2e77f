"""What a scrape costs: streamgauge beside oliver006/redis_exporter, in turn, on one Redis.

    make bench                              100 streams x 1 group x 1 consumer
    make bench ARGS="--streams 1000 --groups 2 --consumers 2"

Both exporters and Redis run here and take turns, so what counts is the ratio. Start-up and memory
are those of a process of their own.
"""

import argparse
import contextlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.polling import wait_for
from support.servers import RealServer, free_port

PEER = "prometheus-redis-exporter"
VALUE = b"x" * 200


class Exporter:
    """One exporter process on a port of its own, and how long it took to the first good scrape."""

    def __init__(self, command: list[str], port: int, streams: int):
        self.url = f"http://127.0.0.1:{port}/metrics"
        started = time.monotonic()
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(lambda: self._shows(streams), f"{command[0]} shows {streams} streams")
        self.start_seconds = time.monotonic() - started

    def _shows(self, streams: int) -> bool:
        with contextlib.suppress(OSError):
            return self.scrape().count(b"\nredis_stream_length{") == streams
        return False

    def scrape(self) -> bytes:
        with urllib.request.urlopen(self.url, timeout=60) as answer:
            body: bytes = answer.read()
        return body

    def timed_scrape(self) -> float:
        started = time.perf_counter()
        self.scrape()
        return time.perf_counter() - started

    @property
    def resident_megabytes(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def fill(server: RealServer, streams: int, groups: int, consumers: int) -> None:
    """Give every stream five entries, of which each group has read three and left them pending."""
    with server.client(decode_responses=False) as client:
        for stream in range(streams):
            key = f"bench:{stream}"
            pipeline = client.pipeline(transaction=False)
            for _ in range(5):
                pipeline.xadd(key, {"field": VALUE})
            for group in range(groups):
                pipeline.xgroup_create(key, f"group-{group}", id="0")
                for consumer in range(consumers):
                    pipeline.xreadgroup(
                        f"group-{group}", f"consumer-{consumer}", {key: ">"}, count=1
                    )
            pipeline.execute()


def processor_seconds(server: RealServer) -> float:
    with server.client() as client:
        used = client.info("cpu")
    return used["used_cpu_user"] + used["used_cpu_sys"]


def measure(server: RealServer, exporters: dict[str, Exporter], rounds: int) -> Iterator[str]:
    times = {name: [] for name in exporters}
    processor = dict.fromkeys(exporters, 0.0)
    for _ in range(rounds):
        for name, exporter in exporters.items():
            before = processor_seconds(server)
            times[name].append(exporter.timed_scrape())
            processor[name] += processor_seconds(server) - before
    yield (
        "| exporter | scrape, median | slowest | Redis CPU per scrape"
        " | start to first good scrape | resident |"
    )
    yield "|---|---|---|---|---|---|"
    for name, exporter in exporters.items():
        yield (
            f"| {name} | {statistics.median(times[name]) * 1e3:.1f} ms"
            f" | {max(times[name]) * 1e3:.1f} ms"
            f" | {processor[name] / rounds * 1e3:.2f} ms"
            f" | {exporter.start_seconds:.2f} s"
            f" | {exporter.resident_megabytes:.0f} MB |"
        )
    if len(exporters) == 2:
        ours, peer = exporters
        ratio = statistics.median(times[ours]) / statistics.median(times[peer])
        share = processor[ours] / processor[peer] if processor[peer] else float("nan")
        yield ""
        yield f"{ours} / {peer}: wall {ratio:.2f}, Redis CPU {share:.2f}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--streams", type=int, default=100)
    options.add_argument("--groups", type=int, default=1)
    options.add_argument("--consumers", type=int, default=1)
    options.add_argument("--rounds", type=int, default=100)
    options.add_argument("--server", default="redis-7.0", help="a name of tests/support/servers.py")
    chosen = options.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(RealServer(chosen.server, folder))
        fill(server, chosen.streams, chosen.groups, chosen.consumers)
        exporters = {}
        port = free_port()
        commands = {
            "streamgauge": [
                *(sys.executable, "-m", "streamgauge", "serve", f"--redis.url={server.url}"),
                f"--web.listen-address=127.0.0.1:{port}",
            ]
        }
        ports = {"streamgauge": port}
        if shutil.which(PEER):
            ports["redis_exporter"] = port = free_port()
            commands["redis_exporter"] = [
                *(PEER, f"-redis.addr={server.url}", "-check-streams=db0=*"),
                f"-web.listen-address=127.0.0.1:{port}",
            ]
        else:
            print(f"{PEER} is not installed, so there is no ratio; run tests/install-servers")
        for name, command in commands.items():
            exporters[name] = Exporter(command, ports[name], chosen.streams)
            stack.callback(exporters[name].stop)
        print(
            f"{chosen.streams} streams x {chosen.groups} groups x {chosen.consumers} consumers, "
            f"{chosen.server}, {chosen.rounds} scrapes each, in turn\n"
        )
        for line in measure(server, exporters, chosen.rounds):
            print(line)


if __name__ == "__main__":
    main()
