"""What a scrape costs: streamgauge beside redis_exporter and the floor, in turn on one Redis.

    make bench                                     100 streams: half a minute
    make bench ARGS="--case ten-thousand --case growth"
    make bench ARGS="--shape 1000x2x2 --rounds 20" streams x groups x consumers, as you like
    make bench ARGS="--all --write-results"        every case, written to benchmarks/RESULTS.md

The contenders and Redis run on one machine and take turns, so what counts is the ratio. The floor
is a bare socket that sends the commands of a scrape again, and parses the replies by hiredis alone.
"""

import argparse
import json
import shlex
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from bench import Bench
from comparison import compared, fifty_thousand, hundred, ten_thousand, thousand
from cost import cost
from entries import large_entries
from growth import growth, idle
from keyspace import large_keyspace
from load import Shape
from results import (
    Outcome,
    as_json,
    conditions,
    conditions_markdown,
    document,
    outcome_markdown,
)

from support.servers import SERVERS, find_binary

RESULTS = Path(__file__).parent / "RESULTS.md"
CASES: dict[str, Callable[[Bench], Outcome]] = {
    "hundred": hundred,
    "thousand": thousand,
    "ten-thousand": ten_thousand,
    "fifty-thousand": fifty_thousand,
    "growth": growth,
    "large-entries": large_entries,
    "large-keyspace": large_keyspace,
    "idle": idle,
    "cost": cost,
}


def main() -> None:
    chosen = parse_arguments()
    command = shlex.join(["python", "benchmarks/compare.py", *sys.argv[1:]])
    known = conditions(command, chosen.server)
    if chosen.scale != 1:
        known["sizes"] = f"times {chosen.scale:g}, so that no goal counts"
    print("\n".join(conditions_markdown(known)), flush=True)
    outcomes: dict[str, Outcome] = {}
    for name, case in selected(chosen).items():
        with tempfile.TemporaryDirectory() as folder:
            outcomes[name] = case(Bench(chosen.server, Path(folder), chosen.rounds, chosen.scale))
        print("\n".join(outcome_markdown(name, outcomes[name])), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(as_json(known, outcomes), indent=2) + "\n")
    if chosen.write_results:
        chosen.write_results.write_text("\n".join(document(known, outcomes)))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--case", action="append", choices=CASES, help="may be given more than once"
    )
    parser.add_argument("--all", action="store_true", help="every case")
    parser.add_argument("--shape", action="append", type=Shape.parse, help="such as 1000x2x2")
    parser.add_argument("--rounds", type=int, help="in place of the usual number of each case")
    parser.add_argument("--scale", type=float, default=1.0, help="0.01: a hundredth of the streams")
    parser.add_argument("--server", default="redis-7.0", choices=SERVERS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write-results", nargs="?", type=Path, const=RESULTS, metavar="FILE")
    chosen = parser.parse_args()
    if chosen.rounds is not None and chosen.rounds < 1:
        parser.error(f"--rounds {chosen.rounds}: at least 1 is needed")
    if not 0 < chosen.scale <= 1:
        parser.error(f"--scale {chosen.scale:g}: more than 0 and at most 1 is needed")
    if find_binary(chosen.server) is None:
        parser.error(f"{chosen.server} is not installed; run tests/install-servers")
    return chosen


def selected(chosen: argparse.Namespace) -> dict[str, Callable[[Bench], Outcome]]:
    """The cases to run, by name; `hundred` when none was asked for."""
    names = CASES if chosen.all else chosen.case or ([] if chosen.shape else ["hundred"])
    cases = {name: CASES[name] for name in names}
    for shape in chosen.shape or []:
        cases[str(shape)] = lambda bench, shape=shape: compared(bench, shape, 20)
    return cases


if __name__ == "__main__":
    main()
