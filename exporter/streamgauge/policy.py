"""What the user declared: the class and the limits of each stream, and the state keys."""

import enum
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Self

from streamgauge import globs
from streamgauge.schedule import Schedule
from streamgauge.state_keys import NO_STATE_KEYS, StateKeys

if TYPE_CHECKING:
    from streamgauge.config.model import ClassLimits, Config, ReactionRule, StreamRule

# Far more than the streams of one server by default; with more, all are matched once more.
_CACHED_NAMES = 1 << 16


class StreamClass(enum.StrEnum):
    """What silence of a stream means: a problem, normal, normal forever, or nobody has said."""

    CONTINUOUS = "continuous"
    HYBRID = "hybrid"
    EVENT = "event"
    UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True)
class GroupLimit:
    """The lag limit in seconds of the groups whose name matches; None for no limit."""

    match: re.Pattern[bytes]
    lag_limit_seconds: float | None
    ack_limit_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class StreamPolicy:
    """What holds for one stream; `declared` when a rule names it without glob characters."""

    stream_class: StreamClass
    declared: bool = False
    quiet_limit_seconds: float | None = None
    active: Schedule | None = None
    lag_limit_seconds: float | None = None
    group_rules: tuple[GroupLimit, ...] = ()
    declared_groups: tuple[bytes, ...] = ()
    length_limit: int | None = None
    labels: tuple[tuple[str, str], ...] = ()

    def quiet_limit_at(self, now: float) -> float | None:
        """How many seconds the stream may be silent at `now` (Unix time); None unless continuous.

        Infinite outside active hours and for one quiet limit after they open: until then the
        silence may date from the closed hours.
        """
        if self.quiet_limit_seconds is None or self.active is None:
            return self.quiet_limit_seconds
        opened = self.active.opened_at(now)
        if opened is None or now < opened + self.quiet_limit_seconds:
            return math.inf
        return self.quiet_limit_seconds

    def lag_limit_for(self, group: bytes) -> float | None:
        """How many seconds this group may lag: the first rule that matches, else the stream's.

        None when there is no limit, as always for an unclassified stream.
        """
        if self.stream_class is StreamClass.UNCLASSIFIED:
            return None
        for rule in self.group_rules:
            if rule.match.fullmatch(group):
                return rule.lag_limit_seconds
        return self.lag_limit_seconds

    def ack_limit_for(self, group: bytes) -> float | None:
        """How many seconds an entry of this group may stay unacknowledged; None without a limit."""
        for rule in self.group_rules:
            if rule.match.fullmatch(group):
                return rule.ack_limit_seconds
        return None


UNCLASSIFIED = StreamPolicy(StreamClass.UNCLASSIFIED)


class Reaction(NamedTuple):
    """After an entry in the stream `after`, the stream `expect` must get one."""

    after: bytes
    expect: bytes
    within_seconds: float


class Policy:
    """The stream rules in their order, ready to be asked about any name, the state keys, and the
    reactions whose answer is exported here.

    `only_read` are streams that trigger a reaction, and are not exported themselves.
    """

    def __init__(
        self,
        classes: Mapping[StreamClass, "ClassLimits"],
        rules: Sequence["StreamRule"],
        keys: StateKeys = NO_STATE_KEYS,
        redis: str | None = None,
        reactions: Sequence["ReactionRule"] = (),
    ) -> None:
        """Take the rules that hold for the Redis of this name; all of them without one."""
        self.keys = keys
        self._policies = tuple(policy_of(rule, classes) for rule in rules)
        self._literals: dict[bytes, int] = {}
        self._globs: list[tuple[int, re.Pattern[bytes]]] = []
        for index, rule in enumerate(rules):
            if not _concerns(rule.redis, redis):
                continue
            pattern = globs.encode(rule.match)
            if globs.is_literal(pattern):
                self._literals.setdefault(globs.literal(pattern), index)
            else:
                self._globs.append((index, globs.compile_glob(pattern)))
        self._resolved: dict[bytes, StreamPolicy | None] = {}
        pairs = [_reaction_of(one) for one in reactions if _concerns(one.redis, redis)]
        named = dict.fromkeys(name for pair in pairs for name in (pair.after, pair.expect))
        self._named = self._literals.keys() | named.keys()
        self.declared = tuple(self._declared([*self._literals, *named]))
        exported = frozenset(self.declared)
        self.reactions = tuple(pair for pair in pairs if pair.expect in exported)
        self.only_read = frozenset(pair.after for pair in self.reactions) - exported

    @classmethod
    def from_config(cls, config: "Config") -> Self:
        """The policy a configuration declares."""
        return cls(
            config.classes,
            config.streams,
            StateKeys.from_config(config),
            reactions=config.reactions,
        )

    def resolve(self, name: bytes) -> StreamPolicy | None:
        """What holds for the stream of this name, as `classify` says; remembered from then on."""
        try:
            return self._resolved[name]
        except KeyError:
            if len(self._resolved) >= _CACHED_NAMES:
                self._resolved.clear()
            found = self._resolved[name] = self.classify(name)
            return found

    def classify(self, name: bytes) -> StreamPolicy | None:
        """What holds for the stream of this name: the first rule that matches, else unclassified.

        None when the stream is ignored: it is not exported at all.
        """
        index = self.rule_of(name)
        policy = UNCLASSIFIED if index is None else self._policies[index]
        if policy is None or name not in self._named:
            return policy
        return replace(policy, declared=True)

    def rule_of(self, name: bytes) -> int | None:
        """The position of the rule that decides this name; None when no rule matches."""
        exact = self._literals.get(name)
        for index, pattern in self._globs:
            if exact is not None and index > exact:
                break
            if pattern.fullmatch(name):
                return index
        return exact

    def _declared(self, names: Iterable[bytes]) -> Iterable[bytes]:
        # A name behind an earlier glob is declared all the same: its class comes from the glob, and
        # the user still named it. Only a rule that ignores it takes it out.
        yield from (name for name in dict.fromkeys(names) if self.classify(name) is not None)


def _concerns(pattern: str | None, redis: str | None) -> bool:
    if redis is None or pattern is None:
        return True
    return globs.compile_glob(globs.encode(pattern)).fullmatch(globs.encode(redis)) is not None


def _reaction_of(rule: "ReactionRule") -> Reaction:
    after, expect = (globs.literal(globs.encode(name)) for name in (rule.after, rule.expect))
    return Reaction(after, expect, rule.within_seconds)


def policy_of(
    rule: "StreamRule", classes: Mapping[StreamClass, "ClassLimits"]
) -> StreamPolicy | None:
    """Resolve one rule with the defaults of its class; None where it ignores its streams."""
    if rule.ignore:
        return None
    defaults = classes[rule.stream_class]
    continuous = rule.stream_class is StreamClass.CONTINUOUS
    quiet_limit = (
        defaults.quiet_limit_seconds
        if rule.quiet_limit_seconds is None
        else rule.quiet_limit_seconds
    )
    lag_limit = (
        defaults.lag_limit_seconds if rule.lag_limit_seconds is None else rule.lag_limit_seconds
    )
    return StreamPolicy(
        stream_class=rule.stream_class,
        quiet_limit_seconds=quiet_limit if continuous else None,
        active=rule.active,
        lag_limit_seconds=_finite(lag_limit),
        group_rules=tuple(
            GroupLimit(
                globs.compile_glob(globs.encode(group.match)),
                _finite(_or_default(group.lag_limit_seconds, lag_limit)),
                group.ack_limit_seconds,
            )
            for group in rule.groups
        ),
        declared_groups=tuple(_declared_groups(rule, lag_limit)),
        length_limit=rule.length_limit,
        labels=rule.labels,
    )


def _declared_groups(rule: "StreamRule", lag_limit: float) -> Iterable[bytes]:
    """The groups that have to be there: named without a wildcard, with a limit, not optional."""
    for group in rule.groups:
        pattern = globs.encode(group.match)
        limit = _or_default(group.lag_limit_seconds, lag_limit)
        if globs.is_literal(pattern) and not group.optional and not math.isinf(limit):
            yield globs.literal(pattern)


def _or_default(limit_seconds: float | None, default_seconds: float) -> float:
    return default_seconds if limit_seconds is None else limit_seconds


def _finite(limit_seconds: float) -> float | None:
    """The infinite limit the configuration keeps for `none` is no limit at all from here on."""
    return None if math.isinf(limit_seconds) else limit_seconds
