"""How many keys match each pattern that is only counted."""

from __future__ import annotations

from collections.abc import Mapping

from streamgauge import globs


class Tally:
    """Counts every name once, however often a walk or several servers report it.

    Of a name only its hash is kept.
    """

    def __init__(self, patterns: tuple[bytes, ...]) -> None:
        self.patterns = patterns
        self._seen: dict[bytes, set[int]] = {pattern: set() for pattern in patterns}
        self._counted = [(globs.compile_glob(p), seen) for p, seen in self._seen.items()]

    def add(self, name: bytes) -> None:
        """Count a key found in the keyspace for every pattern it matches."""
        for pattern, seen in self._counted:
            if pattern.fullmatch(name):
                seen.add(hash(name))

    @property
    def counts(self) -> Mapping[bytes, int]:
        """The number of keys by pattern."""
        return {pattern: len(seen) for pattern, seen in self._seen.items()}
