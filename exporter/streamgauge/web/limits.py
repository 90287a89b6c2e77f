"""What clients may take of this process."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Final

_OTHER_FILES: Final = 128
"""Files that are open beside those of clients: Redis, listeners, libraries, and some to spare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Open connections, and how long one may keep this process waiting in each phase.

    `idle_seconds` is longer than any usual scrape interval, so that Prometheus keeps its
    connection. `header_bytes` bounds a request's first line and headers, to within 4 KiB.
    """

    max_connections: int = 512
    request_seconds: float = 10.0
    response_seconds: float = 60.0
    idle_seconds: int = 120
    header_bytes: int = 16 * 1024


class TooFewFilesError(Exception):
    """The process may not open as many files as it has connections to hold; the text says so."""


def reserve_files(max_connections: int) -> None:
    """Raise the limit of open files where it is too low; TooFewFilesError when it may not."""
    needed = max_connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise TooFewFilesError(
            f"{max_connections} connections need {needed} open files, and ulimit -Hn is {hard}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
