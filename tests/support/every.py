"""One test for many things that must all be right: it names every one that is not."""

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


def every(things: Collection[T], name: Callable[[T], Any] = str) -> Callable:
    """Make a check of one of the things a test of all of them."""

    def decorate(check: Callable[[T], None]) -> Callable[[], None]:
        def test() -> None:
            wrong = [] if things else ["there is nothing to check"]
            for thing in things:
                try:
                    check(thing)
                except (AssertionError, LookupError, ValueError) as error:
                    wrong.append(f"{name(thing)}: {error!r}")
            if wrong:
                pytest.fail("\n".join(wrong), pytrace=False)

        # Not functools.wraps: pytest would look for fixtures of the name of the check's argument.
        test.__name__, test.__doc__, test.__module__ = (
            check.__name__,
            check.__doc__,
            check.__module__,
        )
        return test

    return decorate
