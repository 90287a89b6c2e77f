"""What the exporter needs with no stream, and whether a stream costs more as there are more."""

from contextlib import ExitStack

from bench import Bench
from contenders import STREAMGAUGE
from measures import Measures, take_turns
from results import Goal, Outcome, Table, measures_table, number

MOST_RESIDENT_MB = 55
MOST_GROWTH = 1.15
SIZES = (1_000, 10_000, 100_000)
ROUNDS = 7
PER_STREAM = {
    "wall_us": "wall, µs",
    "exporter_cpu_us": "own CPU, µs",
    "resident_kb": "resident, kB",
    "resident_above_idle_kb": "resident above idle, kB",
    "peak_above_idle_kb": "peak above idle, kB",
}


def idle(bench: Bench) -> Outcome:
    with bench.alone(0, 0, 0) as stand:
        measures = take_turns({STREAMGAUGE: stand}, 1)[STREAMGAUGE]
    return Outcome(
        "An empty Redis: what the process holds after its first scrapes.",
        [measures_table({STREAMGAUGE: measures})],
        [Goal("resident memory in MB", MOST_RESIDENT_MB, measures.resident_mb)],
        {"measures": {STREAMGAUGE: measures}},
    )


def growth(bench: Bench) -> Outcome:
    with ExitStack() as stack:
        stands = [stack.enter_context(bench.alone(size, 1, 1)) for size in (0, *SIZES)]
        by_size = {f"{stand.streams:,} streams": stand for stand in stands}
        measured = take_turns(by_size, bench.turns(ROUNDS))
    empty, *filled = measured.values()
    costs = {
        stand.streams: _per_stream(stand.streams, measures, empty)
        for stand, measures in zip(stands[1:], filled, strict=True)
    }
    few, many = min(costs), max(costs)
    rows = [[f"{streams:,}", *map(number, cost.values())] for streams, cost in costs.items()]
    return Outcome(
        "Streams of one group and one consumer; a Redis and an exporter for each number.",
        [
            measures_table(measured),
            Table(("per stream, of", *PER_STREAM.values()), rows),
        ],
        [
            Goal(
                f"{PER_STREAM[field]}: per stream, {many:,} / {few:,}",
                MOST_GROWTH,
                costs[many][field] / costs[few][field],
            )
            for field in ("wall_us", "resident_kb", "resident_above_idle_kb")
        ],
        {"measures": measured, "per_stream": costs},
    )


def _per_stream(streams: int, measures: Measures, empty: Measures) -> dict[str, float]:
    costs = {
        "wall_us": measures.wall_ms.median * 1e3,
        "exporter_cpu_us": measures.exporter_cpu_ms.median * 1e3,
        "resident_kb": measures.resident_mb * 1e3,
        "resident_above_idle_kb": (measures.resident_mb - empty.resident_mb) * 1e3,
        "peak_above_idle_kb": (measures.peak_mb - empty.resident_mb) * 1e3,
    }
    return {field: cost / streams for field, cost in costs.items()}
