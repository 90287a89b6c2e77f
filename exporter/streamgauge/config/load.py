"""From a file, the environment and flags to a configuration, or to every mistake at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails

from streamgauge.calendars import Calendar
from streamgauge.config import environment
from streamgauge.config.calendar import CalendarSection
from streamgauge.config.document import Location, YamlDocument, dotted, read_document
from streamgauge.config.keys import KeySection
from streamgauge.config.model import Config
from streamgauge.config.problems import ConfigError, Problem, RefusedError, did_you_mean, found
from streamgauge.config.reactions import ReactionSection
from streamgauge.config.sections import (
    ActiveSection,
    ClassesSection,
    ContinuousSection,
    DiscoverySection,
    EventSection,
    GroupSection,
    HybridSection,
    StreamSection,
)
from streamgauge.config.servers import ClusterSection, SentinelSection, ServerSection, TlsSection
from streamgauge.config.values import (
    EMPTY_LIST,
    EMPTY_SECTION,
    MaybePath,
    Section,
    Surroundings,
    surroundings,
)
from streamgauge.policy import Policy


class FileSection(Section):
    """The whole file, with `redis` as a list."""

    redis: tuple[ServerSection, ...]
    classes: Annotated[ClassesSection, EMPTY_SECTION] = ClassesSection()
    calendars: Annotated[Mapping[str, CalendarSection], EMPTY_SECTION] = Field(default_factory=dict)
    streams: Annotated[tuple[StreamSection, ...], EMPTY_LIST] = ()
    keys: Annotated[tuple[KeySection, ...], EMPTY_LIST] = ()
    reactions: Annotated[tuple[ReactionSection, ...], EMPTY_LIST] = ()
    discovery: Annotated[DiscoverySection, EMPTY_SECTION] = DiscoverySection()
    state_file: MaybePath = None

    @field_validator("calendars", mode="before")
    @classmethod
    def _are_named(cls, value: object, info: ValidationInfo) -> object:
        # Whatever is wrong with one is told there, and not once more where it is used.
        if isinstance(value, dict):
            known = surroundings(info).calendars
            known.update({name: Calendar(name) for name in value if isinstance(name, str)})
        return value

    @field_validator("calendars", mode="after")
    @classmethod
    def _are_known_to_streams(
        cls, calendars: Mapping[str, CalendarSection], info: ValidationInfo
    ) -> Mapping[str, CalendarSection]:
        known = surroundings(info).calendars
        known.update({name: section.calendar(name) for name, section in calendars.items()})
        return calendars

    @field_validator("discovery", mode="after")
    @classmethod
    def _finds_something(
        cls, discovery: DiscoverySection, info: ValidationInfo
    ) -> DiscoverySection:
        if discovery.match or info.data.get("keys") or info.data.get("reactions"):
            return discovery
        if {"classes", "streams", "keys", "reactions"} <= info.data.keys():
            rules = [stream.rule() for stream in info.data["streams"]]
            if not Policy(info.data["classes"].limits(), rules).declared:
                raise RefusedError(
                    "empty, and streams names no stream exactly, so nothing would be watched",
                    below="match",
                )
        return discovery

    def config(self) -> Config:
        """The configuration this file declares."""
        return Config(
            redis=tuple(server.server() for server in self.redis),
            discovery=self.discovery.discovery(),
            classes=MappingProxyType(self.classes.limits()),
            streams=tuple(stream.rule() for stream in self.streams),
            keys=tuple(key.rule() for key in self.keys),
            reactions=tuple(reaction.rule() for reaction in self.reactions),
            state_file=self.state_file,
            calendars=tuple(section.calendar(name) for name, section in self.calendars.items()),
        )


# Which keys a mapping may have, by its place without list positions: for the words of an unknown
# key.
_SECTIONS: Mapping[Location, type[Section]] = {
    (): FileSection,
    ("redis",): ServerSection,
    ("redis", "tls"): TlsSection,
    ("redis", "sentinel"): SentinelSection,
    ("redis", "cluster"): ClusterSection,
    ("discovery",): DiscoverySection,
    ("classes",): ClassesSection,
    ("classes", "continuous"): ContinuousSection,
    ("classes", "hybrid"): HybridSection,
    ("classes", "event"): EventSection,
    ("calendars",): CalendarSection,
    ("streams",): StreamSection,
    ("streams", "active"): ActiveSection,
    ("streams", "groups"): GroupSection,
    ("keys",): KeySection,
    ("reactions",): ReactionSection,
}


def load_config(
    path: Path | None,
    *,
    flags: Mapping[str, str] = MappingProxyType({}),
    environ: Mapping[str, str],
) -> Config:
    """The configuration of a file, if any, under the environment and flags, of which flags win.

    `flags` are settings of `redis` by their dotted name, such as `redis.url`. Raises ConfigError
    with every mistake at once.
    """
    document = read_document(path) if path else YamlDocument({})
    layers = environment.overrides(flags, environ)
    loading = _Loading(document, layers)
    folder = path.parent if path else Path()
    config = loading.check(Surroundings(folder=folder))
    if config is None or loading.problems:
        raise ConfigError(_source(path, layers), loading.problems)
    return config


class _Loading:
    """One load under way: the data to check, and what tells a place in it to the user."""

    def __init__(self, document: YamlDocument, layers: list[list[environment.Override]]) -> None:
        self.problems = list(document.problems)
        self._document = document
        self._data = dict(document.data)
        self._origins: dict[Location, str] = {}
        self._one_server = not isinstance(self._data.get("redis"), list) or not self._data["redis"]
        if self._one_server:
            server = self._data.get("redis") or {}
            if isinstance(server, dict):
                self._origins = environment.apply(server, layers)
            self._data["redis"] = [server]
        else:
            self.problems += (
                Problem(
                    override.origin,
                    "not clear which server of the list redis it is for; set it there",
                )
                for layer in layers
                for override in layer
            )

    def check(self, surroundings: Surroundings) -> Config | None:
        try:
            return FileSection.model_validate(self._data, context=surroundings).config()
        except ValidationError as error:
            details = error.errors(include_url=False)
        self.problems += (self._problem(detail) for detail in details)
        self.problems.sort(key=lambda problem: problem.line or 0)
        return None

    def _problem(self, detail: ErrorDetails) -> Problem:
        location: Location = detail["loc"]
        raised = detail.get("ctx", {}).get("error")
        if isinstance(raised, RefusedError) and raised.below:
            location = (*location, raised.below)
        if self._one_server and location[:1] == ("redis",):
            location = (*location[:1], *location[2:])
        if location[-1:] == ("stream_class",):  # a default is checked under the field's own name
            location = (*location[:-1], "class")
        sentence = _sentence(detail, location)
        if (origin := self._origin_of(location)) is not None:
            return Problem(origin, sentence)
        return Problem(dotted(location), sentence, self._document.line_of(location))

    def _origin_of(self, location: Location) -> str | None:
        """The variable or flag which set this place or the value it is a part of."""
        if location[:1] != ("redis",):
            return None
        lengths = range(1, len(location))
        origins = (self._origins.get(location[1 : 1 + length]) for length in lengths)
        return next(filter(None, origins), None)


def _sentence(detail: ErrorDetails, location: Location) -> str:
    kind = detail["type"]
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind == "extra_forbidden":
        known = _keys(location[:-1])
        return f"unknown key, allowed: {', '.join(known)}{did_you_mean(str(location[-1]), known)}"
    if kind == "missing":
        return "missing"
    if kind == "too_short":
        return "found an empty list, allowed: at least one"
    # What remains has the wrong shape. Text is not repeated: a password may stand in the wrong
    # place.
    given = "text" if isinstance(detail["input"], str) else found(detail["input"])
    return f"found {given}, allowed: a {'list' if kind == 'tuple_type' else 'mapping'}"


def _keys(location: Location) -> list[str]:
    steps = tuple(step for step in location if isinstance(step, str))
    section = _SECTIONS[steps[:1] if steps[:1] == ("calendars",) else steps]
    return [
        field.alias or name
        for name, field in section.model_fields.items()
        if field.annotation is not type(None)
    ]


def _source(path: Path | None, layers: list[list[environment.Override]]) -> str:
    if path is not None:
        return os.fspath(path)
    from_environment, from_flags = layers
    if from_environment:
        return "environment"
    return "command line" if from_flags else "configuration"
