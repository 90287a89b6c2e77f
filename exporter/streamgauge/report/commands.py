"""Commands to paste, with real names: what only reads comes first, what loses something last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from streamgauge.config import RedisConfig
from streamgauge.model.ids import StreamId
from streamgauge.model.records import Consumer
from streamgauge.report.names import plain
from streamgauge.report.shell import is_safe, shell_line
from streamgauge.source.inquiry import Answer, PendingEntry, Refusal
from streamgauge.verdict.group import DAY
from streamgauge.verdict.states import GroupState, StreamState
from streamgauge.verdict.words import duration, entries

_MOST_REMOVED: Final = 5
_MOST_GROUPS: Final = 5
_NEW_CONSUMER: Final = b"rescue"
_NEW: Final = " (a new name: start a consumer under it)"
_LAST_RESORT: Final = "the last resort: skips everything that waits, and the alert ends"
_LAST_RESORT_AFTER_LOSS: Final = (
    "only where nobody needs what waits: skips all of it, so that no more of it can be lost; the "
    "alert ends an hour after the last loss"
)
_LONGEST_NAME: Final = 2_000
_LEAST_IDLE_SECONDS: Final = 60.0
_BEHIND: Final = frozenset(
    {
        GroupState.STALLED, GroupState.LAG_GROWING, GroupState.BEHIND, GroupState.NO_CONSUMER,
        GroupState.ABANDONED,
    }
)  # fmt: skip


class Advice(NamedTuple):
    """A command as a shell takes it, what it does, and what it cannot undo; nothing where it only
    reads.
    """

    line: str
    does: str
    cannot_undo: str = ""

    @property
    def reads_only(self) -> bool:
        """Whether it changes nothing."""
        return not self.cannot_undo


class Situation(NamedTuple):
    """What the advice is about; without a group about the stream alone."""

    server: RedisConfig
    stream: bytes
    stream_state: str
    group: bytes | None = None
    group_state: str = ""
    ack_limit_seconds: float | None = None
    answer: Answer | None = None
    unanswered: Sequence[bytes] = ()
    """Streams of which an entry waits for an answer in this one."""
    declared_groups: Sequence[bytes] = ()
    stood: StreamId | None = None
    """Where the group stood, if it is gone."""


def advice(situation: Situation) -> list[Advice]:
    """Return the commands that help in a situation, the safest first; none for endless names."""
    if max(len(situation.stream), len(situation.group or b"")) > _LONGEST_NAME:
        return []
    found = [*_about_stream(situation), *_about_group(situation)]
    return sorted(found, key=lambda one: not one.reads_only)


def runbook_names(at: Situation) -> dict[str, str]:
    """Return what a runbook calls HOST, STREAM and so on; without names that a clipboard may change
    or that Markdown reads.
    """
    server = at.server
    names: dict[str, bytes | None] = {
        "STREAM": at.stream,
        "GROUP": at.group,
        "AFTER": next(iter(at.unanswered), None),
        "REDIS": server.name.encode(errors="surrogateescape"),
    }
    if at.group_state == GroupState.NOT_ACKNOWLEDGING:
        names["IDLE"] = b"%d" % (_idle_seconds(at) * 1000)
    if server.host is not None and server.port is not None:
        host, port, db = server.host.encode(), b"%d" % server.port, b"%d" % server.db
        names |= {"HOST": host, "PORT": port, "DB": db}
    return {
        variable: name.decode()
        for variable, name in names.items()
        if name is not None and is_safe(name) and b"`" not in name
    }


def _about_stream(at: Situation) -> Iterator[Advice]:
    if at.stream_state == StreamState.WRONG_TYPE:
        yield _advice(at, [b"TYPE", at.stream], "tells what the key holds instead of a stream")
        yield _advice(
            at,
            [b"RENAMENX", at.stream, at.stream + b".was"],
            "moves the key of another type out of the way, so that the stream can be made",
            "who uses the key under its name does not find it; RENAME moves it back",
        )
        return
    if at.stream_state != StreamState.MISSING:
        yield _advice(at, [b"XLEN", at.stream], "counts the entries that the stream holds")
    if at.stream_state in (StreamState.QUIET, StreamState.NEVER_WRITTEN, StreamState.MISSING):
        yield _advice(
            at,
            [b"XREAD", b"COUNT", b"1", b"BLOCK", b"30000", b"STREAMS", at.stream, b"$"],
            "waits up to 30 s and shows the next entry that arrives: nothing means that nobody "
            "writes, and only starting what writes to it mends that",
        )
    if at.stream_state == StreamState.MISSING:
        for group in at.declared_groups[:_MOST_GROUPS]:
            yield from _creating_again(at, group)
    if at.stream_state == StreamState.REACTION_OVERDUE:
        yield from _answering(at)


def _creating_again(at: Situation, group: bytes) -> Iterator[Advice]:
    """Groups went with their stream."""
    yield _advice(
        at,
        [b"XGROUP", b"CREATE", at.stream, group, b"0", b"MKSTREAM"],
        f"creates {plain(group)} again, and an empty stream, before the first entry comes",
        "where the group stood, and what it had in hand, went with the stream",
    )


def _answering(at: Situation) -> Iterator[Advice]:
    """An entry in the expected stream is an answer, whoever writes it."""
    for after in at.unanswered:
        yield _advice(
            at,
            [b"XINFO", b"GROUPS", after],
            f"shows who reads {plain(after)}: where a group has pending entries or lag, its "
            "consumers have to be started",
        )
    yield _advice(
        at,
        [b"XADD", at.stream, b"*", b"note", b"withdrawn"],
        "answers in place of who should, and the alert ends: for what nobody will take up",
        "every reader of the stream is handed this entry",
    )


def _about_group(at: Situation) -> Iterator[Advice]:
    if at.group is None:
        return
    if at.group_state == GroupState.MISSING:
        yield from _creating(at, at.group)
        return
    yield _advice(at, [b"XINFO", b"GROUPS", at.stream], "shows where each group stands")
    yield _advice(
        at,
        [b"XINFO", b"CONSUMERS", at.stream, at.group],
        "shows each consumer, what it owns and since when it is idle",
    )
    yield _advice(
        at,
        [b"XPENDING", at.stream, at.group, b"-", b"+", b"20"],
        "shows the 20 oldest entries that were handed out and not acknowledged",
    )
    if at.group_state == GroupState.LOSING_ENTRIES:
        yield _advice(
            at,
            [b"INFO", b"commandstats"],
            "shows by which commands entries leave: XTRIM, XDEL, or XADD with a MAXLEN. Stop that "
            "trimming first, it is what loses data",
        )
    yield from _clearing(at, at.group)
    yield from _claiming(at, at.group)
    yield from _removing(at, at.group)
    yield from _acknowledging(at, at.group)
    if at.group_state in _BEHIND or at.group_state == GroupState.LOSING_ENTRIES:
        yield from _skipping(at, at.group)


def _creating(at: Situation, group: bytes) -> Iterator[Advice]:
    if at.stood is not None:
        yield _advice(
            at,
            [b"XGROUP", b"CREATE", at.stream, group, str(at.stood).encode()],
            "creates the group where it stood when it was last seen: it is handed nothing twice, "
            "and skips nothing",
            "what it had been handed and had not acknowledged is not handed out again",
        )
    yield _advice(
        at,
        [b"XGROUP", b"CREATE", at.stream, group, b"0"],
        "creates the group, which is then handed everything that the stream still holds",
        "what the group had processed before is handed to it once more",
    )
    yield _advice(
        at,
        [b"XGROUP", b"CREATE", at.stream, group, b"$"],
        "creates the group, which is then handed only what is added from now on",
        "the group is never handed what the stream holds now",
    )


def _pending(at: Situation) -> Sequence[PendingEntry]:
    if at.answer is None or isinstance(at.answer.pending, Refusal):
        return ()
    return at.answer.pending


def _stuck(at: Situation) -> list[PendingEntry]:
    """Entries that the stream still holds and that nobody touched for long, or that page."""
    held = [one for one in _pending(at) if one.is_held is not False]
    if at.group_state == GroupState.NOT_ACKNOWLEDGING:
        return held
    return [one for one in held if one.idle_seconds >= _idle_seconds(at)]


def _idle_seconds(at: Situation) -> float:
    """For how long an entry was not touched that nobody works on, as far as that can be told."""
    if at.group_state == GroupState.NOT_ACKNOWLEDGING and at.ack_limit_seconds:
        return at.ack_limit_seconds
    return max(_LEAST_IDLE_SECONDS, at.ack_limit_seconds or 0.0)


def _clearing(at: Situation, group: bytes) -> Iterator[Advice]:
    """Entries that are gone leave the list."""
    gone = [one for one in _pending(at) if one.is_held is False]
    if gone:
        yield _advice(
            at,
            [b"XACK", at.stream, group, *_ids(gone)],
            f"takes {entries(len(gone))} off the list that the stream no longer holds",
            "that they were once pending is forgotten; their contents are gone already",
        )


def _claiming(at: Situation, group: bytes) -> Iterator[Advice]:
    """Entries in nobody's hands go to a consumer that lives."""
    if at.answer is None or not _stuck(at):
        return
    taker, idle = _taker(at.answer.consumers, _stuck(at)), _idle_seconds(at)
    takes = [b"XAUTOCLAIM", at.stream, group, taker, b"%d" % (idle * 1000), b"0-0"]
    yield _advice(
        at,
        [*takes, b"COUNT", b"100", b"JUSTID"],
        f"gives up to 100 entries that were not touched for {duration(idle)} to {plain(taker)}"
        f"{_NEW if taker == _NEW_CONSUMER else ''}, which gets them when it reads its own pending "
        "entries (XREADGROUP from 0, not from >)",
        "an owner that is only slow processes them as well, so they may be processed twice",
    )


def _acknowledging(at: Situation, group: bytes) -> Iterator[Advice]:
    """The way out for entries that no consumer can process."""
    stuck = _stuck(at)
    if stuck:
        yield _advice(
            at,
            [b"XACK", at.stream, group, *_ids(stuck)],
            f"says that {entries(len(stuck))} of the oldest are done, whoever owns them",
            "they are never handed to anybody again; XRANGE still reads them in the stream",
        )


def _removing(at: Situation, group: bytes) -> Iterator[Advice]:
    """Consumers that own nothing and have been idle for a day."""
    answer = at.answer
    if answer is None or isinstance(answer.consumers, Refusal):
        return
    idle = [one for one in answer.consumers if one.idle_seconds > DAY and not one.pending]
    for one in sorted(idle, key=lambda one: -one.idle_seconds)[:_MOST_REMOVED]:
        yield _advice(
            at,
            [b"XGROUP", b"DELCONSUMER", at.stream, group, one.name],
            f"removes a consumer that owns nothing and was idle for {duration(one.idle_seconds)}",
            "its idle time is forgotten; Redis makes it again when it next reads",
        )


def _skipping(at: Situation, group: bytes) -> Iterator[Advice]:
    is_losing = at.group_state == GroupState.LOSING_ENTRIES
    cursor = at.answer.last_delivered if at.answer else None
    cost = "the group is not handed what it skipped"
    if cursor is not None:
        line = shell_line(at.server, [b"XGROUP", b"SETID", at.stream, group, str(cursor).encode()])
        cost = f"what is trimmed before the group goes back is lost to it; to go back: {line}"
    yield _advice(
        at,
        [b"XGROUP", b"SETID", at.stream, group, b"$"],
        _LAST_RESORT_AFTER_LOSS if is_losing else _LAST_RESORT,
        cost,
    )


def _taker(consumers: Sequence[Consumer] | Refusal, stuck: Iterable[PendingEntry]) -> bytes:
    """The consumer that asked for entries last and has none that is stuck; else a new one."""
    owners = {one.owner for one in stuck}
    listed = () if isinstance(consumers, Refusal) else consumers
    able = [one for one in listed if one.name not in owners]
    return min(able, key=lambda one: one.idle_seconds).name if able else _NEW_CONSUMER


def _ids(pending: Iterable[PendingEntry]) -> Iterator[bytes]:
    return (str(one.entry_id).encode() for one in pending)


def _advice(at: Situation, words: Sequence[bytes], does: str, cannot_undo: str = "") -> Advice:
    return Advice(shell_line(at.server, words), does, cannot_undo)
