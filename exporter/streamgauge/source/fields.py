"""Picking named values out of the flat name-value lists in which Redis tells facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple


def by_name(reply: Any) -> dict[bytes, Any]:
    """Return all values by name; raises TypeError or ValueError for anything but such a list."""
    if not isinstance(reply, list):
        raise TypeError("a list was expected")
    pairs = iter(reply)
    return dict(zip(pairs, pairs, strict=True))


class _Layout(NamedTuple):
    """Where the fields stood in a reply of some length."""

    names_of: Callable[[Sequence[Any]], tuple[Any, ...]]
    names: tuple[bytes, ...]
    values_of: Callable[[Sequence[Any]], tuple[Any, ...]]
    missing: tuple[None, ...]


class Fields:
    """Reads the same fields from reply after reply; at least two.

    Order and number of the fields differ between versions, but all replies of one server are alike:
    so a field is looked for where it was the last time, and its name is checked there.
    """

    def __init__(self, required: Sequence[bytes], optional: Sequence[bytes] = ()) -> None:
        self._required = tuple(required)
        self._optional = tuple(optional)
        self._layouts: dict[int, _Layout] = {}

    def __call__(self, reply: Any) -> tuple[Any, ...]:
        """Return the values, required fields first; None for an optional one that is not there.

        Raises KeyError, TypeError, ValueError or IndexError for anything else than such a list.
        """
        layout = self._layouts.get(len(reply))
        if layout is not None:
            names_of, names, values_of, missing = layout
            if names_of(reply) == names:
                return values_of(reply) + missing
        return self._look_for(reply)

    def _look_for(self, reply: Any) -> tuple[Any, ...]:
        values = by_name(reply)
        found = [values[name] for name in self._required]
        found += [values.get(name) for name in self._optional]
        self._remember(reply)
        return tuple(found)

    def _remember(self, reply: list[Any]) -> None:
        """Keep the places of the fields if the optional ones are all there or all missing.

        That one is missing shows in no place of its own, so then every name is checked.
        """
        names = reply[::2]
        present = checked = self._required
        if any(name in names for name in self._optional):
            present = checked = self._required + self._optional
        elif self._optional:
            checked = tuple(names)
        if all(names.count(name) == 1 for name in checked):
            self._layouts[len(reply)] = _Layout(
                itemgetter(*[2 * names.index(name) for name in checked]),
                checked,
                itemgetter(*[2 * names.index(name) + 1 for name in present]),
                (None,) * (len(self._required) + len(self._optional) - len(present)),
            )
