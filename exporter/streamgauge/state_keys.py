"""State keys: what the user declared about keys that tell why streams are silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Self

from streamgauge import globs

if TYPE_CHECKING:
    from streamgauge.config.model import Config


class StateKey(NamedTuple):
    """A key that every scrape asks for.

    `field` of its hash holds a Unix time: its deadline or, where there is a `max_age_seconds`, when
    it was last refreshed.
    """

    name: bytes
    field: bytes | None = None
    max_age_seconds: float | None = None


class StateKeys(NamedTuple):
    """The keys that are read in every scrape, and the patterns whose keys are only counted."""

    named: tuple[StateKey, ...] = ()
    patterns: tuple[bytes, ...] = ()

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """The state keys a configuration declares, in its order."""
        return cls(
            tuple(
                StateKey(
                    globs.literal(globs.encode(rule.key)),
                    None if rule.field is None else globs.encode(rule.field),
                    rule.max_age_seconds,
                )
                for rule in config.keys
                if rule.key is not None
            ),
            tuple(globs.encode(rule.match) for rule in config.keys if rule.match is not None),
        )


NO_STATE_KEYS: Final = StateKeys()
