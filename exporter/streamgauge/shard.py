"""Shards: several exporters split what one Redis holds, and each name belongs to one of them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from streamgauge.policy import Policy, StreamPolicy
from streamgauge.state_keys import StateKeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamgauge.config.model import ClassLimits, Config, ReactionRule, StreamRule
    from streamgauge.policy import StreamClass

_WRITTEN: Final = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


class Shard(NamedTuple):
    """One of `total` parts of all names, `number` from 1; written `2/3`."""

    number: int
    total: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what a user wrote; raises ValueError with a sentence."""
        written = _WRITTEN.fullmatch(text.strip())
        shard = cls(int(written[1]), int(written[2])) if written else None
        if shard is None or not 1 <= shard.number <= shard.total:
            raise ValueError(f"write I/N, as in 2/3, with I from 1 to N: {text!r} is no shard")
        return shard

    def has(self, name: bytes) -> bool:
        """Tell whether a name belongs here: by its CRC-32, the same in every version and process.

        That is how the exporters of a fleet agree without talking to each other. Another hash would
        move streams between them in the middle of an update.
        """
        return zlib.crc32(name) % self.total == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


WHOLE: Final = Shard(1, 1)
"""The shard that has every name."""


class ShardPolicy(Policy):
    """A policy by which whatever belongs to another shard is ignored.

    A state key belongs to a shard by its name, and keys that are only counted by their pattern.
    """

    def __init__(
        self,
        classes: Mapping[StreamClass, ClassLimits],
        rules: Sequence[StreamRule],
        keys: StateKeys,
        shard: Shard,
        redis: str | None = None,
        reactions: Sequence[ReactionRule] = (),
    ) -> None:
        named = tuple(key for key in keys.named if shard.has(key.name))
        patterns = tuple(filter(shard.has, keys.patterns))
        self._shard = shard
        super().__init__(classes, rules, StateKeys(named, patterns), redis, reactions)

    def classify(self, name: bytes) -> StreamPolicy | None:
        """What holds for the stream of this name; None when it is ignored, or another shard's."""
        return super().classify(name) if self._shard.has(name) else None


def policy_of_shard(config: Config, shard: Shard, redis: str | None = None) -> Policy:
    """The policy a configuration declares, as far as it concerns this shard and this Redis."""
    keys = StateKeys.from_config(config)
    if shard.total == 1:
        return Policy(config.classes, config.streams, keys, redis, config.reactions)
    return ShardPolicy(config.classes, config.streams, keys, shard, redis, config.reactions)
