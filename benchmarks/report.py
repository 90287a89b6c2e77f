"""How long `streamgauge report` takes on many streams, and the verdicts and formats alone.

    python benchmarks/report.py                 500 streams x 2 groups x 1 consumer
    python benchmarks/report.py --streams 5000

The whole command is a process of its own on a real server, start of Python included.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from streamgauge.report.markdown import markdown
from streamgauge.report.status import status_json
from streamgauge.report.text import report_text
from streamgauge.report.view import view
from streamgauge.verdict.judge import judge
from support.looks import AT, CONTINUOUS, EVENT, group, look, stream
from support.servers import RealServer


def fill(server: RealServer, streams: int, groups: int) -> None:
    with server.client() as client:
        pipe = client.pipeline(transaction=False)
        for n in range(streams):
            name = f"bench:service{n % 37}:stream{n}:updated"
            for g in range(groups):
                pipe.xgroup_create(name, f"group{g}", "0", mkstream=True)
                pipe.xgroup_createconsumer(name, f"group{g}", "consumer")
            if n % 3:
                pipe.xadd(name, {"n": n})
        pipe.execute()


def median_ms(runs: int, work) -> float:
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1e3)
    return statistics.median(times)


def command(url: str, *flags: str) -> None:
    arguments = [sys.executable, "-m", "streamgauge", "report", f"--redis.url={url}", *flags]
    subprocess.run(arguments, stdout=subprocess.DEVNULL, check=False)


def snapshot(streams: int, groups: int):
    members = [group(b"group%d" % g, lag=g, lag_seconds=float(g)) for g in range(groups)]
    classes = (CONTINUOUS, EVENT)
    return look(
        *(
            stream(classes[n % 2], *members, name=b"bench:service%d:stream%d:updated" % (n % 37, n))
            for n in range(streams)
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--groups", type=int, default=2)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--server", default="redis-8.2")
    options = parser.parse_args()
    now = snapshot(options.streams, options.groups)
    earlier = replace(now, at=AT - 5)
    verdicts = [judge(now, earlier)]
    shown = [view(one) for one in verdicts]
    stages = {
        "verdicts": lambda: judge(now, earlier),
        "table": lambda: report_text(shown, 80),
        "table on a terminal": lambda: report_text(shown, 160, is_coloured=True),
        "markdown": lambda: markdown(shown),
        "json": lambda: status_json(shown, AT),
    }
    print(f"{options.streams} streams x {options.groups} groups, median of {options.runs}")
    for name, work in stages.items():
        print(f"  {name:<34} {median_ms(options.runs, work):7.0f} ms")
    with (
        tempfile.TemporaryDirectory() as directory,
        RealServer(options.server, Path(directory)) as server,
    ):
        fill(server, options.streams, options.groups)
        for output in ("table", "markdown", "json"):
            taken = median_ms(options.runs, lambda o=output: command(server.url, f"--format={o}"))
            print(f"  the whole command, {output:<15} {taken:7.0f} ms")


if __name__ == "__main__":
    main()
