"""Streams of large entries, of which XINFO STREAM alone would tell the first and the last whole."""

from contextlib import ExitStack

from bench import Bench
from contenders import STREAMGAUGE, streamgauge
from load import add_streams
from measures import Measures, Stand, redis_meter, take_turns
from results import Goal, Outcome, Table, measures_table, number

MEGABYTE = 1_000_000


def large_entries(bench: Bench) -> Outcome:
    measured: dict[str, Measures] = {}
    before: dict[str, float] = {}
    for entries in (1, 2):
        name = f"{entries} of 1 MB per stream"
        measured[name], before[name] = _measure(bench, entries)
    rows = [[name, number(count)] for name, count in before.items()]
    return Outcome(
        f"{bench.scaled(500)} streams of one group and one consumer, with large entries.",
        [
            measures_table(measured),
            Table(("", "bytes from Redis until all streams were shown at first"), rows),
        ],
        [
            Goal(f"bytes from Redis per scrape, {name}", MEGABYTE, measures.redis_bytes.median)
            for name, measures in measured.items()
        ],
        {"measures": measured, "bytes_before": before},
    )


def _measure(bench: Bench, entries: int) -> tuple[Measures, float]:
    """What scrapes are like once the exporter knows the streams, and the bytes until then."""
    shape = bench.shape(500, 1, 1)
    with bench.server() as server, redis_meter(server) as meter, ExitStack() as stack:
        add_streams(server, shape, entries=entries, entry_bytes=MEGABYTE)
        starting = streamgauge(server.url, bench.new_folder(), shape.streams)
        started = []
        usage = meter.during(lambda: started.append(stack.enter_context(starting)))
        stands = {STREAMGAUGE: Stand(started[0], server, shape.streams)}
        measured = take_turns(stands, bench.turns(5))
    return measured[STREAMGAUGE], usage.sent_bytes
