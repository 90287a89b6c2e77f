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


# White letters can be read on each of them, in both themes.
CALM: Final = "#6e6e7a"  # grey: nothing to look at
GOOD: Final = "dark-green"
WARNING: Final = "dark-orange"
BAD: Final = "red"
WORST: Final = "dark-red"
UNCOLOURED: Final = "transparent"

CONTINUOUS_STATES: Final = {
    0: State("outside active hours", CALM),
    1: State("flowing", GOOD),
    2: State("quiet", BAD),
    3: State("missing", WORST),
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
    4: State("group lags", WARNING),
    5: State("quiet", BAD),
    6: State("missing", WORST),
}
YES_OR_NO: Final = {0: State("no", BAD), 1: State("yes", GOOD)}


def only_wrong(states: Mapping[int, State]) -> dict[int, State]:
    """The same words, coloured only where something is wrong: in a long list that stands out."""
    return {
        number: state._replace(colour=UNCOLOURED) if state.colour in (CALM, GOOD) else state
        for number, state in states.items()
    }


def value_mappings(states: Mapping[int, State]) -> list[ValueMapping]:
    """What Grafana shows instead of each number."""
    results = {
        str(number): ValueMappingResult(text=state.text, color=state.colour, index=index)
        for index, (number, state) in enumerate(states.items())
    }
    return [ValueMap(options=results)] if results else []


def no_value_mapping(text: str) -> ValueMapping:
    """What Grafana shows where there is no value; it would take the colour of the lowest value."""
    nothing = ValueMappingResult(text=text, color=UNCOLOURED, index=0)
    options = DashboardSpecialValueMapOptions(match=SpecialValueMatch.NULL, result=nothing)
    return SpecialValueMap(options=options)
