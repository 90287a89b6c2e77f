"""How scenarios are registered, and the streams most of them are about."""

from __future__ import annotations

from collections.abc import Callable

from rules.simulator.actors import except_between, producer
from rules.simulator.case import Case, minutes
from rules.simulator.world import (
    MINUTE,
    REDIS_6_2,
    REDIS_7_0,
    REDIS_8_2,
    Server,
    Stream,
)
from streamgauge.policy import StreamClass, StreamPolicy
from streamgauge.schedule import Schedule

RELEASES = {"6.2": REDIS_6_2, "7.0": REDIS_7_0, "8.2": REDIS_8_2}
M = MINUTE
NO_LIMIT = None
EVENT, HYBRID = StreamClass.EVENT, StreamClass.HYBRID
# START is Friday 2027-01-15 08:00 UTC.
FROM_HALF_PAST_EIGHT = Schedule("mon-fri", "08:30-09:30", "UTC")

SCENARIOS: dict[str, Callable[[], Case]] = {}
SECTIONS: dict[str, list[str]] = {}
"""The names of the scenarios that are about each alert, whether it must fire in them or not."""


def scenarios_about(alert: str) -> Callable:
    """Begin the scenarios about one alert; returns the decorator that registers them."""

    def on(*releases: str, also: str | None = None, **parameters: list):
        """Register a scenario for each release and each value of one parameter.

        It is `also` about another alert: that of which it is a near miss.
        """

        def register(build):
            for release in releases:
                for options, suffix in _variants(parameters):
                    name = f"{build.__name__.replace('_', ' ')}{suffix}, Redis {release}"
                    server = RELEASES[release]
                    SCENARIOS[name] = lambda s=server, o=options: build(s, **o)
                    for about in filter(None, (alert, also)):
                        SECTIONS.setdefault(about, []).append(name)
            return build

        return register

    return on


def _variants(parameters: dict[str, list]):
    if not parameters:
        return [({}, "")]
    ((key, values),) = parameters.items()
    return [({key: value}, f", {key.replace('_', ' ')} {value}") for value in values]


def feed(quiet: float = 1.0, lag: float | None = 5.0, active: Schedule | None = None, **more):
    return StreamPolicy(
        StreamClass.CONTINUOUS,
        quiet_limit_seconds=quiet * M,
        lag_limit_seconds=None if lag is None else lag * M,
        active=active,
        **more,
    )


def of_class(stream_class: StreamClass, lag: float | None = 5.0, **more):
    limit = None if lag is None else lag * M
    return StreamPolicy(stream_class, lag_limit_seconds=limit, **more)


def flowing(case: Case, server: Server, name: str = "feed", policy=None, every=5.0, **more):
    """A continuous stream with a producer that never stops."""
    stream = case.stream(name, Stream(policy or feed(), server, **more))
    case.act(producer(stream, every))
    return stream


def stopping(case: Case, server: Server, *spans, policy=None, every=5.0, name="feed"):
    """A continuous stream whose producer is silent during these spans of minutes."""
    stream = case.stream(name, Stream(policy or feed(), server))
    case.act(producer(stream, every, except_between(*minutes(*spans))))
    return stream
