"""The runbooks and documents that come with the exporter, and which runbook a verdict has."""

from __future__ import annotations

import functools
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from streamgauge.bundled import bundle_path
from streamgauge.labels import escaped
from streamgauge.verdict.states import FindingKind, GroupState, KeyState, StreamState, Verdict

RUNBOOK_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        StreamState.QUIET: "RedisStreamQuiet",
        StreamState.MISSING: "RedisStreamMissing",
        StreamState.NEVER_WRITTEN: "RedisStreamMissing",
        StreamState.WRONG_TYPE: "RedisStreamsUnreadable",
        StreamState.UNREADABLE: "RedisStreamsUnreadable",
        StreamState.REACTION_OVERDUE: "RedisStreamReactionOverdue",
        GroupState.STALLED: "RedisStreamGroupStalled",
        GroupState.LAG_GROWING: "RedisStreamGroupLagGrowing",
        GroupState.NOT_ACKNOWLEDGING: "RedisStreamGroupNotAcknowledging",
        GroupState.MISSING: "RedisStreamGroupMissing",
        GroupState.LOSING_ENTRIES: "RedisStreamGroupLosingEntries",
        GroupState.BEHIND: "RedisStreamGroupLagGrowing",
        GroupState.NO_CONSUMER: "RedisStreamGroupWithoutConsumer",
        GroupState.ABANDONED: "RedisStreamGroupWithoutConsumer",
        GroupState.LAG_UNKNOWN: "RedisStreamGroupLagUnknown",
        FindingKind.TRIMMED_UNREAD: "RedisStreamGroupLosingEntries",
        FindingKind.DEAD_PENDING: "RedisStreamGroupAbandonedEntry",
        FindingKind.POISON_ENTRY: "RedisStreamGroupPoisonEntry",
        FindingKind.GHOST_ENTRY: "RedisStreamGroupGhostEntry",
        FindingKind.RELEASED_ENTRY: "RedisStreamGroupReleasedEntry",
        FindingKind.TOO_LONG: "RedisStreamTooLong",
        FindingKind.IDEMPOTENCE_OVERFLOWS: "RedisStreamIdempotenceOverflows",
        FindingKind.DUPLICATES_RISE: "RedisStreamDuplicatesRise",
        FindingKind.FEED_UNREADABLE: "RedisStreamsMonitoringBlind",
        FindingKind.STREAM_UNREADABLE: "RedisStreamsUnreadable",
        FindingKind.FEED_OF_ANOTHER_TYPE: "RedisStreamMissing",
        FindingKind.STREAM_OF_ANOTHER_TYPE: "RedisStreamsUnreadable",
        FindingKind.NOT_WALKED: "RedisStreamsDiscoveryStale",
        FindingKind.LEFT_OUT: "RedisStreamsDropped",
        KeyState.MISSING: "RedisKeyMissing",
        KeyState.DEADLINE_PASSED: "RedisKeyDeadlinePassed",
        KeyState.DEADLINE_UNKNOWN: "RedisKeysUnreadable",
        KeyState.UNREADABLE: "RedisKeysUnreadable",
    }
)
"""The runbook for each verdict that has one, by the name of an alert."""

BLIND_RUNBOOK: Final = "RedisStreamsMonitoringBlind"

_FOR_DEVELOPERS: Final = frozenset({"architecture", "faults", "releasing"})
_COMMENT: Final = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_ASSIGNMENTS: Final = re.compile(r"^ *[A-Z]+=.*$", re.MULTILINE)
_ASSIGNED: Final = re.compile(r"\b([A-Z]+)=('[^']*'|\S+)")
_SELECTED: Final = re.compile(r'="([A-Z]+)"')
_TITLE: Final = re.compile(r"^# (.+)$", re.MULTILINE)


class Document(NamedTuple):
    """A Markdown file that is served under `path`, such as docs/metrics.

    `names` are what a runbook says in place of its samples, by variable, such as STREAM.
    """

    path: str
    file: Path
    names: Mapping[str, str] = MappingProxyType({})

    @property
    def text(self) -> str:
        """What is in it, without what is hidden from readers."""
        text = _COMMENT.sub("", self.file.read_text(encoding="utf-8"))
        text = _ASSIGNMENTS.sub(lambda line: _ASSIGNED.sub(self._assigned, line[0]), text)
        return _SELECTED.sub(self._selected, text)

    def _assigned(self, found: re.Match[str]) -> str:
        name = self.names.get(found[1])
        return found[0] if name is None else f"{found[1]}={shlex.quote(name)}"

    def _selected(self, found: re.Match[str]) -> str:
        name = self.names.get(found[1])
        return found[0] if name is None else f'="{escaped(name)}"'

    @property
    def title(self) -> str:
        """Its first heading."""
        found = _TITLE.search(self.text)
        return found[1] if found else self.file.stem


@functools.cache
def documents() -> Mapping[str, Document]:
    """Find every document and runbook for users that this installation has, by its path."""
    files = {
        f"docs/{file.stem}": file
        for file in sorted(_documents_folder().glob("*.md"))
        if file.stem not in _FOR_DEVELOPERS
    }
    try:
        runbooks = sorted((bundle_path("alerts") / "runbooks").glob("*.md"))
    except FileNotFoundError:
        runbooks = []
    files |= {f"runbooks/{file.stem}": file for file in runbooks}
    return {path: Document(path, file) for path, file in files.items()}


def runbook_path(verdict: str | Verdict) -> str | None:
    """Where the runbook for a verdict, or of an alert, is served; None when there is none."""
    path = f"runbooks/{RUNBOOK_OF.get(verdict, verdict)}"
    return path if path in documents() else None


def _documents_folder() -> Path:
    """Inside an installed package, or beside a checkout."""
    package = Path(__file__).parent
    installed = package / "docs"
    return installed if installed.is_dir() else package.parent.parent / "docs"
