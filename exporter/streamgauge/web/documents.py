"""The runbooks and documents that come with the exporter, to be read in a browser."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from markupsafe import escape

from streamgauge.bundled import bundle_path
from streamgauge.verdict.states import FindingKind, GroupState, KeyState, StreamState, Verdict

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

RUNBOOK_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        StreamState.QUIET: "RedisStreamQuiet",
        StreamState.MISSING: "RedisStreamMissing",
        StreamState.NEVER_WRITTEN: "RedisStreamMissing",
        StreamState.WRONG_TYPE: "RedisStreamsUnreadable",
        StreamState.UNREADABLE: "RedisStreamsUnreadable",
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

_COMMENT: Final = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_TITLE: Final = re.compile(r"^# (.+)$", re.MULTILINE)


class Document(NamedTuple):
    """A Markdown file that is served under `path`."""

    path: str
    file: Path

    @property
    def text(self) -> str:
        """What is in it, without what is hidden from readers."""
        return _COMMENT.sub("", self.file.read_text(encoding="utf-8"))

    @property
    def title(self) -> str:
        """Its first heading."""
        found = _TITLE.search(self.text)
        return found[1] if found else self.file.stem


@functools.cache
def documents() -> Mapping[str, Document]:
    """Find every document and runbook that this installation has, by its path."""
    files = {f"docs/{file.name}": file for file in sorted(_documents_folder().glob("*.md"))}
    try:
        runbooks = sorted((bundle_path("alerts") / "runbooks").glob("*.md"))
    except FileNotFoundError:
        runbooks = []
    files |= {f"runbooks/{file.name}": file for file in runbooks}
    return {path: Document(path, file) for path, file in files.items()}


def runbook_path(verdict: str | Verdict) -> str | None:
    """Where the runbook for a verdict, or of an alert, is served; None when there is none."""
    path = f"runbooks/{RUNBOOK_OF.get(verdict, verdict)}.md"
    return path if path in documents() else None


def document_html(document: Document) -> str:
    """Write a document as HTML; a link in it that leads to nothing served here is mere text."""
    tokens = _markdown().parse(document.text)
    for token in tokens:
        if token.children:
            _drop_dead_links(token.children, document.path.partition("/")[0])
    return str(_markdown().renderer.render(tokens, _markdown().options, {}))


def _drop_dead_links(tokens: list[Token], folder: str) -> None:
    is_dead = False
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrGet("href") or "").partition("#")[0]
            is_dead = "://" not in target and f"{folder}/{target}" not in documents()
        if token.type in ("link_open", "link_close") and is_dead:
            token.type, token.hidden = "text", True
            token.content = ""


@functools.cache
def _markdown() -> MarkdownIt:
    """HTML in a document is text, and of a picture its description is left."""
    # Imported late: an exporter that is only scraped does without.
    from markdown_it import MarkdownIt  # noqa: PLC0415

    markdown = MarkdownIt("js-default", {"html": False})
    markdown.add_render_rule("image", _description)
    return markdown


def _description(
    _renderer: object, tokens: Sequence[Token], index: int, _options: object, _environment: object
) -> str:
    return str(escape(tokens[index].content))


def _documents_folder() -> Path:
    """Inside an installed package, or beside a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "docs"
    return installed if installed.is_dir() else package.parent.parent / "docs"
