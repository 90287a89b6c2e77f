"""The sections `classes`, `streams` and `discovery` as the file spells them."""

import json
import re
from collections.abc import Callable
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator, ValidationInfo, field_validator

from streamgauge.calendars import Calendar
from streamgauge.config.model import (
    DEFAULT_CLASSES,
    ClassLimits,
    DiscoveryConfig,
    GroupRule,
    StreamRule,
)
from streamgauge.config.problems import RefusedError, choose_from, found
from streamgauge.config.values import (
    EMPTY_LIST,
    EMPTY_SECTION,
    Count,
    Duration,
    Flag,
    LagLimit,
    MaybeLagLimit,
    MaybePattern,
    MaybeQuietLimit,
    Pattern,
    PositiveCount,
    QuietLimit,
    Section,
    check_count,
    surroundings,
)
from streamgauge.policy import StreamClass
from streamgauge.schedule import Schedule, find_zone, parse_days, parse_hours

_WHY_NO_QUIET_LIMIT = {
    StreamClass.HYBRID: "a hybrid stream may be silent, so silence has no limit",
    StreamClass.EVENT: "an event stream may be silent forever, so silence has no limit",
    StreamClass.UNCLASSIFIED: "nobody has said yet whether an unclassified stream may be silent",
}
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TAKEN_LABELS = {
    *("redis", "db", "stream", "class", "group", "consumer", "after", "job", "instance", "le"),
    *("quantile", "alertname", "alertstate", "severity"),
}
_WHY_NO_LAG_LIMIT = "an unclassified stream never pages, so it has no limits; give it a class first"


def _refuse(sentence: str) -> BeforeValidator:
    def refuse(_: object) -> object:
        raise RefusedError(sentence)

    return BeforeValidator(refuse)


def _no_quiet_limit(stream_class: StreamClass) -> str:
    return f"only class continuous has a quiet limit: {_WHY_NO_QUIET_LIMIT[stream_class]}"


class ContinuousSection(Section):
    """`classes.continuous`."""

    quiet_limit: QuietLimit = 300.0
    lag_limit: LagLimit = 300.0


class HybridSection(Section):
    """`classes.hybrid`; the field without a type is there to say why it is refused."""

    lag_limit: LagLimit = 300.0
    quiet_limit: Annotated[None, _refuse(_no_quiet_limit(StreamClass.HYBRID))] = None


class EventSection(Section):
    """`classes.event`."""

    lag_limit: LagLimit = 300.0
    quiet_limit: Annotated[None, _refuse(_no_quiet_limit(StreamClass.EVENT))] = None


class ClassesSection(Section):
    """`classes`: what holds for every stream of a class that says nothing else."""

    continuous: Annotated[ContinuousSection, EMPTY_SECTION] = ContinuousSection()
    hybrid: Annotated[HybridSection, EMPTY_SECTION] = HybridSection()
    event: Annotated[EventSection, EMPTY_SECTION] = EventSection()
    unclassified: Annotated[None, _refuse(_WHY_NO_LAG_LIMIT)] = None

    def limits(self) -> dict[StreamClass, ClassLimits]:
        """The limits of each class."""
        return {
            **DEFAULT_CLASSES,
            StreamClass.CONTINUOUS: ClassLimits(
                quiet_limit_seconds=self.continuous.quiet_limit,
                lag_limit_seconds=self.continuous.lag_limit,
            ),
            StreamClass.HYBRID: ClassLimits(lag_limit_seconds=self.hybrid.lag_limit),
            StreamClass.EVENT: ClassLimits(lag_limit_seconds=self.event.lag_limit),
        }


def _readable_by(parse: Callable[[str], object], example: str) -> PlainValidator:
    def check(value: object) -> str:
        if not isinstance(value, str):
            raise RefusedError(f"found {found(value)}, allowed: text such as {example}")
        parse(value)
        return value

    return PlainValidator(check)


def _joined(value: object) -> object:
    """Several windows may be a list."""
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return ",".join(value)
    return value


def _calendar(value: object, info: ValidationInfo) -> Calendar:
    known = surroundings(info).calendars
    if isinstance(value, str) and value in known:
        return known[value]
    if not known:
        raise RefusedError(f"found {found(value)}, but no calendar is declared under calendars")
    raise RefusedError(choose_from(value, known))


class ActiveSection(Section):
    """`streams[].active`."""

    days: Annotated[str, _readable_by(parse_days, "mon-fri")] = "mon-sun"
    hours: Annotated[
        str,
        _readable_by(parse_hours, '"09:30-16:00"'),
        BeforeValidator(_joined),
    ] = "00:00-24:00"
    timezone: Annotated[str, _readable_by(find_zone, "Europe/Paris")] = "UTC"
    calendar: Annotated[Calendar | None, PlainValidator(_calendar)] = None

    def schedule(self) -> Schedule:
        """The schedule these describe."""
        return Schedule(self.days, self.hours, self.timezone, self.calendar)


class GroupSection(Section):
    """`streams[].groups[]`."""

    match: Pattern
    lag_limit: MaybeLagLimit = None
    ack_limit: MaybeQuietLimit = None
    optional: Flag = False


def _class(value: object, info: ValidationInfo) -> StreamClass:
    ignored = info.data.get("ignore")
    if value is None and ignored is False:
        raise RefusedError(
            f"missing, allowed: {', '.join(StreamClass)}; or ignore: true in its place"
        )
    if value is None:
        return StreamClass.UNCLASSIFIED
    if ignored:
        raise RefusedError(_not_for_ignored("class"))
    if isinstance(value, str) and value in list(StreamClass):
        return StreamClass(value)
    raise RefusedError(choose_from(value, StreamClass))


def _not_for_ignored(key: str) -> str:
    return f"an ignored stream is not exported, so it has no {key}; remove {key} or ignore"


def _labels(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise RefusedError(f"found {found(value)}, allowed: a mapping such as {{team: feeds}}")
    for name, text in value.items():
        if not isinstance(text, str):
            raise RefusedError(f"{name}: found {found(text)}, allowed: text, if need be in quotes")
        if not _LABEL_NAME.fullmatch(name) or name.startswith("__"):
            raise RefusedError(f"found {found(name)}, allowed: letters, digits and _ as a name")
        if name in _TAKEN_LABELS:
            raise RefusedError(
                f"{name} is a label of the exporter or of Prometheus; choose another"
            )
    return dict(value)


class StreamSection(Section):
    """`streams[]`. What decides comes before what depends on it."""

    match: Pattern
    ignore: Flag = False
    stream_class: Annotated[StreamClass, PlainValidator(_class)] = Field(
        default=None, alias="class", validate_default=True
    )
    quiet_limit: MaybeQuietLimit = None
    lag_limit: MaybeLagLimit = None
    active: ActiveSection | None = None
    groups: Annotated[tuple[GroupSection, ...], EMPTY_LIST] = ()
    redis: MaybePattern = None
    length_limit: Annotated[int | None, PlainValidator(check_count)] = None
    labels: Annotated[dict[str, str], PlainValidator(_labels)] = Field(default_factory=dict)

    @field_validator("length_limit", "labels", mode="before")
    @classmethod
    def _is_exported(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("ignore"):
            raise RefusedError(_not_for_ignored(str(info.field_name)))
        return value

    @field_validator("quiet_limit", "lag_limit", "active", "groups", mode="before")
    @classmethod
    def _fits_the_class(cls, value: object, info: ValidationInfo) -> object:
        key, stream_class = str(info.field_name), info.data.get("stream_class")
        if value is None and key in ("active", "groups"):
            return value  # all its lines are commented out
        if info.data.get("ignore"):
            raise RefusedError(_not_for_ignored(key))
        if stream_class in _WHY_NO_QUIET_LIMIT and key == "quiet_limit":
            raise RefusedError(_no_quiet_limit(stream_class))
        if stream_class in _WHY_NO_QUIET_LIMIT and key == "active":
            raise RefusedError(
                f"active hours bound the quiet limit, and {_no_quiet_limit(stream_class)}"
            )
        if stream_class is StreamClass.UNCLASSIFIED:
            raise RefusedError(_WHY_NO_LAG_LIMIT)
        return value

    def rule(self) -> StreamRule:
        """The rule this entry describes."""
        return StreamRule(
            match=self.match,
            stream_class=self.stream_class,
            ignore=self.ignore,
            quiet_limit_seconds=self.quiet_limit,
            active=self.active.schedule() if self.active else None,
            lag_limit_seconds=self.lag_limit,
            groups=tuple(
                GroupRule(
                    match=group.match,
                    lag_limit_seconds=group.lag_limit,
                    ack_limit_seconds=group.ack_limit,
                    optional=group.optional,
                )
                for group in self.groups
            ),
            redis=self.redis,
            length_limit=self.length_limit,
            labels=tuple(sorted(self.labels.items())),
        )


def _no_bare_pattern(value: object) -> object:
    if isinstance(value, str):
        listed = json.dumps([value], ensure_ascii=False)
        raise RefusedError(f"found {found(value)}, allowed: a list; write {listed}")
    return value


class DiscoverySection(Section):
    """`discovery`."""

    match: Annotated[tuple[Pattern, ...], BeforeValidator(_no_bare_pattern)] = ("*",)
    interval: Duration = 60.0
    max_streams: PositiveCount = 10_000
    max_consumers: Count = 100

    def discovery(self) -> DiscoveryConfig:
        """The settings under the names the rest of the program uses."""
        return DiscoveryConfig(
            match=self.match,
            interval_seconds=self.interval,
            max_streams=self.max_streams,
            max_consumers=self.max_consumers,
        )
