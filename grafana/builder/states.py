"""How a state is written and coloured; the numbers come from the queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from grafana_foundation_sdk.models.dashboard import (
    DashboardSpecialValueMapOptions,
    SpecialValueMap,
    SpecialValueMatch,
    ValueMap,
    ValueMapping,
    ValueMappingResult,
)


class State(NamedTuple):
    """A word and a colour of Grafana's palette."""

    text: str
    colour: str


CALM: Final = "#8e8e9c"  # grey: nothing to look at
GOOD: Final = "green"
BAD: Final = "red"

CONTINUOUS_STATES: Final = {
    0: State("outside active hours", CALM),
    1: State("flowing", GOOD),
    2: State("quiet", BAD),
    3: State("missing", "dark-red"),
}
EVENT_STATES: Final = {
    0: State("empty by design", CALM),
    1: State("holds entries", GOOD),
    2: State("waits past its limit", BAD),
}
# In the order in which the table sorts them, the worst last.
STREAM_STATES: Final = {
    0: State("no class", CALM),
    1: State("outside active hours", CALM),
    2: State("empty by design", CALM),
    3: State("fine", GOOD),
    4: State("group lags", "orange"),
    5: State("quiet", BAD),
    6: State("missing", "dark-red"),
}
YES_OR_NO: Final = {0: State("no", BAD), 1: State("yes", GOOD)}


def value_mappings(states: Mapping[int, State]) -> list[ValueMapping]:
    """What Grafana shows instead of each number."""
    results = {
        str(number): ValueMappingResult(text=state.text, color=state.colour, index=index)
        for index, (number, state) in enumerate(states.items())
    }
    return [ValueMap(options=results)]


def dash_for_nothing() -> list[ValueMapping]:
    """A dash without a colour where there is no value; it would get the colour of the lowest."""
    nothing = ValueMappingResult(text="–", color="transparent", index=0)
    options = DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL, result=nothing)
    return [SpecialValueMap(options=options)]
