"""Millions of other keys: what they do to a scrape, and what the exporter does to other clients."""

import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import redis
from bench import Bench
from contenders import Exporter, streamgauge
from load import add_other_keys, add_streams
from measures import SETTLE_SECONDS, Summary, TimedSample
from pings import Pinger, Span
from results import Goal, Outcome, Table, cell, ratio

from support.polling import wait_for
from support.servers import RealServer

OTHER_KEYS = 5_000_000
OFTEN = {"interval": "1s"}  # hardly a pause between two walks: mostly one is under way
STEP_SECONDS = 0.02
WATCHED_SECONDS = 10.0
LONGEST_SECONDS = 60.0

Walls = dict[str, list[float]]
Pings = dict[str, list[float]]


def large_keyspace(bench: Bench) -> Outcome:
    keys = bench.scaled(OTHER_KEYS)
    with bench.server() as small, bench.server(*_debugging(bench.server_name)) as large:
        shape = bench.shape(100, 1, 1)
        for server in (small, large):
            add_streams(server, shape)
        add_other_keys(large, keys)
        walls = _scrapes(bench, small, large)
        pings = {"with nobody else there": _pings_of_idle(bench, large)}
        pings["during discovery"] = _pings_during_discovery(bench, large)
    pings["during scrapes of 10,000 streams"] = _pings_during_scrapes(bench)
    return _outcome(f"{shape} streams, and {keys:,} keys that are none.", walls, pings)


def _debugging(server_name: str) -> tuple[str, ...]:
    """What lets a server make keys by itself; 6.2 needs no leave, and does not know the option."""
    return () if server_name == "redis-6.2" else ("--enable-debug-command", "yes")


def _scrapes(bench: Bench, small: RealServer, large: RealServer) -> Walls:
    """Milliseconds of scrapes in turn: alone, among other keys, and that during discovery."""
    streams, rounds = bench.scaled(100), bench.turns(50)
    walls: Walls = {"streams alone": [], "other keys too": [], "other keys, during discovery": []}
    alone, among, walked = walls.values()
    with (
        streamgauge(small.url, bench.new_folder(), streams) as of_small,
        streamgauge(large.url, bench.new_folder(), streams) as of_large,
    ):
        _wait_for_end_of_walk(large)
        for _ in range(rounds):
            alone.append(_wall_ms(of_small))
            among.append(_wall_ms(of_large))
    with (
        streamgauge(large.url, bench.new_folder(), streams, discovery=OFTEN) as exporter,
        _walks(large) as is_walking,
    ):
        ends = time.monotonic() + LONGEST_SECONDS * bench.scale
        while len(walked) < rounds and time.monotonic() < ends:
            next(is_walking)
            wall = _wall_ms(exporter)
            if next(is_walking):
                walked.append(wall)
    return walls


def _wait_for_end_of_walk(server: RealServer) -> None:
    with _walks(server) as is_walking:
        wait_for(lambda: not next(is_walking), "the first walk ends", seconds=300, every=1)


def _wall_ms(exporter: Exporter) -> float:
    visit = TimedSample(exporter)
    visit()
    time.sleep(SETTLE_SECONDS)
    return visit.wall_seconds * 1e3


@contextmanager
def _walks(server: RealServer) -> Iterator[Iterator[bool]]:
    """Tells at each `next` whether the keyspace was walked since the last one."""
    with server.client() as client:
        yield _scanned(client)


def _scanned(client: redis.Redis) -> Iterator[bool]:
    before = 0
    while True:
        calls = client.info("commandstats").get("cmdstat_scan", {}).get("calls", 0)
        yield calls > before
        before = calls


def _pings_of_idle(bench: Bench, server: RealServer) -> list[float]:
    with Pinger(server) as pinger:
        time.sleep(WATCHED_SECONDS * bench.scale)
    return [ping.seconds for ping in pinger.pings]


def _pings_during_discovery(bench: Bench, server: RealServer) -> list[float]:
    spans: list[Span] = []
    watched = 0.0
    with (
        streamgauge(server.url, bench.new_folder(), bench.scaled(100), discovery=OFTEN),
        _walks(server) as is_walking,
        Pinger(server) as pinger,
    ):
        next(is_walking)
        ends = time.monotonic() + LONGEST_SECONDS * bench.scale
        while watched < WATCHED_SECONDS * bench.scale and time.monotonic() < ends:
            begin = time.perf_counter()
            time.sleep(STEP_SECONDS)
            if next(is_walking):
                spans.append(Span(begin, time.perf_counter()))
                watched += STEP_SECONDS
    return pinger.within(spans)


def _pings_during_scrapes(bench: Bench) -> list[float]:
    spans: list[Span] = []
    with bench.alone(10_000, 2, 2) as stand, Pinger(stand.server) as pinger:
        for _ in range(bench.turns(10)):
            begin = time.perf_counter()
            stand.contender.scrape()
            spans.append(Span(begin, time.perf_counter()))
            time.sleep(SETTLE_SECONDS)
    return pinger.within(spans)


def _outcome(title: str, walls: Walls, pings: Pings) -> Outcome:
    scrapes = {name: Summary.of(one) if one else None for name, one in walls.items()}
    p99 = {name: _percentile_99(one) for name, one in pings.items()}
    alone, among, walked = scrapes.values()
    _, *busy = p99
    return Outcome(
        title,
        [_scrapes_table(walls, scrapes), _pings_table(pings, p99)],
        [
            Goal("scrape among other keys / alone", 1.2, ratio(among, alone)),
            Goal("scrape among other keys during discovery / alone", 1.2, ratio(walked, alone)),
            *(Goal(f"PING {name}: p99 in ms", 5, p99[name]) for name in busy),
        ],
        {"walls_ms": scrapes, "ping_p99_ms": p99},
    )


def _scrapes_table(walls: Walls, scrapes: Mapping[str, Summary | None]) -> Table:
    rows = [(name, cell(scrapes[name]), f"{len(one)}") for name, one in walls.items()]
    return Table(("scrape of", "ms", "scrapes"), rows)


def _pings_table(pings: Pings, p99: Mapping[str, float | None]) -> Table:
    rows = []
    for name, one in pings.items():
        middle, longest = (statistics.median(one), max(one)) if one else (None, None)
        figures = [None if it is None else it * 1e3 for it in (middle, longest)]
        rows.append((name, cell(figures[0]), cell(p99[name]), cell(figures[1]), f"{len(one):,}"))
    return Table(("PING", "median, ms", "p99, ms", "longest, ms", "pings"), rows)


def _percentile_99(seconds: list[float]) -> float | None:
    """In milliseconds; None of too few."""
    if len(seconds) < 2:
        return None
    return statistics.quantiles(seconds, n=100, method="inclusive")[98] * 1e3
