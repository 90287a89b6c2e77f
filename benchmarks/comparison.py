"""Our exporter beside redis_exporter and the floor, in turn on one Redis."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack

from bench import Bench
from contenders import (
    FLOOR,
    REDIS_EXPORTER,
    STREAMGAUGE,
    Contender,
    floor,
    redis_exporter,
    streamgauge,
)
from load import Shape, add_streams
from measures import Measures, Stand, take_turns
from results import MEASURES, Goal, Outcome, Table, cell, measures_table, ratio

from support.peers import newest_here

Ratios = dict[str, float | None]
Goals = Callable[[Measures, Ratios], Sequence[Goal]]

WITH_RATIO = ("wall_ms", "gzip_wall_ms", "redis_cpu_ms", "exporter_cpu_ms", "redis_bytes",
              "resident_mb", "peak_mb", "series", "body_bytes", "gzip_bytes")  # fmt: skip


def thousand(bench: Bench) -> Outcome:
    return compared(bench, bench.shape(1_000, 2, 2), 20)


def ten_thousand(bench: Bench) -> Outcome:
    return compared(
        bench,
        bench.shape(10_000, 2, 2),
        7,
        lambda _, ratios: (
            Goal("wall, ours / redis_exporter", 0.15, ratios["wall_ms/redis_exporter"]),
            Goal("wall, ours / floor", 2.0, ratios["wall_ms/floor"]),
            Goal("Redis CPU, ours / redis_exporter", 0.25, ratios["redis_cpu_ms/redis_exporter"]),
            Goal("resident, ours / redis_exporter", 0.8, ratios["resident_mb/redis_exporter"]),
        ),
    )


def fifty_thousand(bench: Bench) -> Outcome:
    return compared(bench, bench.shape(50_000, 2, 2), 3)


def hundred(bench: Bench) -> Outcome:
    return compared(
        bench,
        bench.shape(100, 1, 1),
        50,
        lambda ours, ratios: (
            Goal("wall, ours / redis_exporter", 0.6, ratios["wall_ms/redis_exporter"]),
            Goal("wall, median in ms", 15, ours.wall_ms.median),
        ),
    )


def compared(bench: Bench, shape: Shape, rounds: int, goals: Goals = lambda _, __: ()) -> Outcome:
    """Compare on such streams; `goals` are made of our measures and the ratios."""
    measured = _measure(bench, shape, rounds)
    ratios = _ratios(measured)
    rows = [
        [MEASURES[field], *(cell(ratios[f"{field}/{other}"]) for other in (REDIS_EXPORTER, FLOOR))]
        for field in WITH_RATIO
    ]
    columns = ("ratio of the medians", *(f"ours / {other}" for other in (REDIS_EXPORTER, FLOOR)))
    title = f"{shape} (streams x groups x consumers), in turn; rounds: {bench.turns(rounds)}."
    if REDIS_EXPORTER not in measured:
        title += " redis_exporter is not installed, so there is no ratio to it."
    return Outcome(
        title,
        [measures_table(measured), Table(columns, rows)],
        goals(measured[STREAMGAUGE], ratios),
        {"shape": shape, "measures": measured, "ratios": ratios},
    )


def _measure(bench: Bench, shape: Shape, rounds: int) -> dict[str, Measures]:
    with bench.server() as server, ExitStack() as stack:
        add_streams(server, shape)
        starting: list[AbstractContextManager[Contender]] = [
            streamgauge(server.url, bench.new_folder(), shape.streams)
        ]
        if newest_here(REDIS_EXPORTER).path:
            starting.append(redis_exporter(server, shape.streams))
        starting.append(floor(server, bench.new_folder(), shape.streams))
        contenders = [stack.enter_context(one) for one in starting]
        stands = {one.name: Stand(one, server, shape.streams) for one in contenders}
        return take_turns(stands, bench.turns(rounds))


def _ratios(measured: dict[str, Measures]) -> Ratios:
    """Keyed by measure and contender: `wall_ms/floor`."""
    ours = measured[STREAMGAUGE]
    return {
        f"{field}/{other}": ratio(getattr(ours, field), getattr(measured.get(other), field, None))
        for field in WITH_RATIO
        for other in (REDIS_EXPORTER, FLOOR)
    }
