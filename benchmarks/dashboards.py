"""What the dashboards ask of Prometheus when there are thousands of streams.

    make bench-dashboards                       5,000 streams, the slowest queries first
    make bench-dashboards ARGS="--streams 500"

A real Prometheus scrapes an answer made up for so many streams, each with one group and consumer,
two fifths of them continuous. Every query then runs as Grafana sends it when the dashboard is
opened, over a time range of so many scrapes, one a second.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from dashboards.interpolation import View
from dashboards.many import exposition, serving
from dashboards.prometheus import Prometheus
from dashboards.shipped import PROVISIONED, annotation_queries, panel_queries
from support.peers import installed
from support.polling import wait_for

ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=5_000)
    parser.add_argument("--scrapes", type=int, default=120, help="length of the time range")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        measure(Path(directory) / "prometheus", arguments.streams, arguments.scrapes)


def measure(directory: Path, streams: int, scrapes: int) -> None:
    with (
        serving(exposition(streams)) as target,
        Prometheus(directory, installed("prometheus"), {"streamgauge": target}) as prometheus,
    ):
        filled = f"count_over_time(up[1h]) >= {scrapes}"
        wait_for(lambda: prometheus.value(filled) > 0, filled, seconds=10 * scrapes)
        samples = prometheus.value("scrape_samples_scraped")
        prometheus.stop()
        # Started again on what it has, and without anything to scrape.
        prometheus.jobs = {}
        end = time.time() - 2
        prometheus.start()
        report(prometheus, scrapes, end, f"{streams} streams, {samples:.0f} samples a scrape")


def report(prometheus: Prometheus, scrapes: int, end: float, what: str) -> None:
    rows = []
    for dashboard in PROVISIONED.values():
        choices = prometheus.default_choices(dashboard)
        for query in [*panel_queries(dashboard), *annotation_queries(dashboard)]:
            view = View(choices, scrapes, scrape_seconds=1, points=query.points)
            times = []
            for _ in range(ROUNDS):
                start, cpu_start = time.perf_counter(), cpu_seconds(prometheus.pid)
                series = len(prometheus.ask(query, view, end))
                cpu = cpu_seconds(prometheus.pid) - cpu_start
                times.append((time.perf_counter() - start, cpu))
            rows.append((*map(statistics.median, zip(*times, strict=True)), series, query.name))
    print(f"{what}; {scrapes} scrapes; median of {ROUNDS}; load {os.getloadavg()[0]:.1f}\n")
    print("| seconds | of CPU | series | query |\n|---|---|---|---|")
    for seconds, cpu, series, name in sorted(rows, reverse=True):
        print(f"| {seconds:.2f} | {cpu:.2f} | {series} | {name} |")


def cpu_seconds(process_id: int) -> float:
    """What a process has used up; on a busy machine this tells more than the time that passed."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
