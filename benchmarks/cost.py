"""What one stream, one group and one consumer cost, by the differences between shapes."""

from collections.abc import Callable
from contextlib import ExitStack

from bench import Bench
from load import Shape
from measures import Measures, take_turns
from results import Outcome, Table, measures_table, number

STREAMS = 2_000
ROUNDS = 9
SHAPES = ((0, 0), (1, 0), (1, 1), (1, 2), (2, 2))  # groups, consumers
COSTS: dict[str, Callable[[Measures], float]] = {
    "Redis CPU, µs": lambda one: one.redis_cpu_ms.median * 1e3,
    "bytes from Redis": lambda one: one.redis_bytes.median,
    "own CPU, µs": lambda one: one.exporter_cpu_ms.median * 1e3,
    "wall, µs": lambda one: one.wall_ms.median * 1e3,
    "series": lambda one: float(one.series),
    "body, bytes": lambda one: float(one.body_bytes),
    "resident, bytes": lambda one: one.resident_mb * 1e6,
}


def cost(bench: Bench) -> Outcome:
    shapes = [bench.shape(STREAMS, groups, consumers) for groups, consumers in SHAPES]
    with ExitStack() as stack:
        stands = {"no stream": stack.enter_context(bench.alone(0, 0, 0))}
        for shape, (groups, consumers) in zip(shapes, SHAPES, strict=True):
            stands[str(shape)] = stack.enter_context(bench.alone(STREAMS, groups, consumers))
        measured = take_turns(stands, bench.turns(ROUNDS))
    empty, *filled = measured.values()
    by_shape = dict(zip(shapes, filled, strict=True))
    costs = {name: _solve(empty, by_shape, figure) for name, figure in COSTS.items()}
    parts = list(next(iter(costs.values())))
    rows = [[name, *(number(cost[part]) for part in parts)] for name, cost in costs.items()]
    return Outcome(
        "Solved from the differences between the shapes, which took turns. A group in use has "
        "consumers, counted by themselves, with an entry pending each. The last column is what the "
        "solution says of the largest shape, which it does not come from, by what was measured.",
        [
            measures_table(measured),
            Table(("per scrape", *parts), rows),
        ],
        [],
        {"costs": costs, "measures": measured},
    )


def _solve(
    empty: Measures, measured: dict[Shape, Measures], figure: Callable[[Measures], float]
) -> dict[str, float]:
    fixed = figure(empty)
    stream, with_unused, with_one, with_two, largest = (
        (figure(one) - fixed) / shape.streams for shape, one in measured.items()
    )
    consumer = with_two - with_one
    group = with_one - consumer - stream
    *_, (_, groups, consumers) = measured
    foretold = stream + groups * (group + consumers * consumer)
    return {
        "a scrape": fixed,
        "a stream": stream,
        "a group, unused": with_unused - stream,
        "a group, in use": group,
        "a consumer": consumer,
        "foretold / measured": foretold / largest if largest else float("nan"),
    }
