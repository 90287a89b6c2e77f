"""What Redis holds of the past of each stream: the IDs of its newest entries.

IDs alone come from a script that only reads, as no command tells them without the entries. Where
scripts are denied the entries themselves are read, up to a number of bytes. Either way a request
looks at a bounded number of entries and of bytes, and between two requests there is a rest, so that
nobody else waits for long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from streamgauge.config import DiscoveryConfig, RedisConfig
from streamgauge.model.ids import StreamId
from streamgauge.model.readings import GroupCursor, History
from streamgauge.policy import Policy
from streamgauge.source import replies
from streamgauge.source.commands import Command
from streamgauge.source.errors import ConnectionLostError, ErrorReply, Unreadable
from streamgauge.source.layout import topology_of
from streamgauge.source.replies import by_name
from streamgauge.source.walk import Patterns, Selection, Walk
from streamgauge.source.wire import Deadline, Wire

_PAGE_ENTRIES: Final = 1_000
_PAGE_BYTES: Final = 1024 * 1024
_ENTRIES_BUDGET: Final = 32 * 1024 * 1024
"""How much of one stream is read at most where whole entries have to be."""

_PAUSE_RATIO: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 0.05

_SCRIPT: Final = b"""\
local last, most, budget = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local ids, bytes, step = {}, 0, 1
while #ids < most and bytes < budget do
  local count = math.min(step, most - #ids)
  local page = redis.call('XREVRANGE', KEYS[1], last, '-', 'COUNT', count)
  for _, entry in ipairs(page) do
    ids[#ids + 1] = entry[1]
    for _, text in ipairs(entry[2]) do bytes = bytes + #text end
  end
  if #page < count then break end
  last = '(' .. ids[#ids]
  local fitting = math.floor((budget - bytes) * #ids / math.max(bytes, 1))
  step = math.max(1, math.min(step * 8, fitting))
end
return ids
"""


class Unread(NamedTuple):
    """Why one stream was not read: a reason of ERROR_REASONS, or `gone`, and what Redis said."""

    name: bytes
    reason: str
    detail: str


class Archive:
    """Finds the streams of one configured Redis, and reads each where it is; for one thread."""

    def __init__(self, redis: RedisConfig, discovery: DiscoveryConfig, policy: Policy) -> None:
        self._redis = redis
        self._settings = discovery
        self._policy = policy
        self._topology = topology_of(redis)
        self._readers: dict[str, HistoryReader] = {}
        self._stopped = threading.Event()

    def find(self) -> tuple[list[bytes], Mapping[str, Unreadable]]:
        """Walk the keyspace for names; returns also the servers that could not be walked.

        Raises Unreadable when none could.
        """
        selection = Selection(
            self._policy, Patterns(self._settings.patterns), self._settings.max_streams
        )
        servers = self._topology.nodes(Deadline(self._redis.timeout_seconds))
        walk = Walk(selection, self._settings.patterns, self._stopped)
        outcomes = walk.run(servers, lambda: None)
        failures = {address: error for address, error in outcomes.items() if error is not None}
        if len(failures) == len(outcomes):
            raise next(iter(failures.values()))
        self._readers = {
            server.address: HistoryReader(server)
            for server in servers
            if server.address not in failures
        }
        return sorted(selection.names), failures

    def read(self, name: bytes, most_entries: int) -> History | Unread:
        """Read a stream from the server that has it; raises Unreadable when that cannot be read."""
        holder = self._topology.holder(name) if self._topology.keys_move else None
        if holder is not None:
            reader = self._readers.get(holder)
        else:
            reader = next(iter(self._readers.values()))
        if reader is None:
            return Unread(name, "other", "the server that has it could not be walked")
        return reader.read(name, most_entries)

    @property
    def reads_whole_entries(self) -> bool:
        """Tell whether a server denies scripts, so that entries are read whole."""
        return any(reader.reads_whole_entries for reader in self._readers.values())

    def close(self) -> None:
        """Hang up, and end a walk under way; never raises."""
        self._stopped.set()
        for reader in self._readers.values():
            reader.close()
        self._topology.close()


class HistoryReader:
    """Reads histories from one server over one connection; for one thread."""

    def __init__(self, settings: RedisConfig, pause: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._pause = pause
        self._wire = Wire(settings)
        self._scripts: list[bytes] = [b"EVAL_RO", b"EVAL"]
        self._is_cut = False

    @property
    def reads_whole_entries(self) -> bool:
        """Tell whether scripts turned out to be denied, so that the entries are read."""
        return not self._scripts

    def read(self, name: bytes, most_entries: int) -> History | Unread:
        """Read the newest entries' IDs of a stream; raises Unreadable when the server cannot be."""
        try:
            return self._read(name, most_entries)
        except ConnectionLostError:
            self._wire.close()
            return self._read(name, most_entries)

    def close(self) -> None:
        """Hang up; never raises."""
        self._wire.close()

    def _read(self, name: bytes, most_entries: int) -> History | Unread:
        self._wire.open(self._deadline())
        clock, stream, groups = self._ask(
            (b"TIME",), (b"XINFO", b"STREAM", name), (b"XINFO", b"GROUPS", name)
        )
        try:
            if isinstance(stream, ErrorReply):
                return _unread(name, stream)
            if isinstance(clock, ErrorReply):
                raise Unreadable(clock.reason, f"TIME: {clock}")
            self._is_cut = False
            ids = self._ids(name, most_entries)
            if isinstance(ids, ErrorReply):
                return _unread(name, ids)
            history = _history(name, replies.time_us(clock) // 1000, stream, groups, ids)
            return replace(history, is_cut=self._is_cut)
        except replies.MALFORMED:
            return Unread(name, "protocol", "a reply of another shape than documented")

    def _ids(self, name: bytes, most_entries: int) -> list[StreamId] | ErrorReply:
        """The IDs, newest first, by the first way that the server allows."""
        while self._scripts:
            ids = self._by_script(self._scripts[0], name, most_entries)
            if not isinstance(ids, ErrorReply) or _is_about_the_key(ids):
                return ids
            del self._scripts[0]
        return self._by_entries(name, most_entries)

    def _by_script(self, way: bytes, name: bytes, most_entries: int) -> list[StreamId] | ErrorReply:
        ids: list[StreamId] = []
        last = b"+"
        while len(ids) < most_entries:
            count = b"%d" % min(_PAGE_ENTRIES, most_entries - len(ids))
            reply = self._rested((way, _SCRIPT, b"1", name, last, count, b"%d" % _PAGE_BYTES))
            if isinstance(reply, ErrorReply):
                return reply
            if not reply:
                break
            ids += map(StreamId.parse, reply)
            last = b"(" + reply[-1]
        return ids

    def _by_entries(self, name: bytes, most_entries: int) -> list[StreamId] | ErrorReply:
        ids: list[StreamId] = []
        last, count, begun = b"+", 1, self._wire.bytes_read
        while len(ids) < most_entries:
            if self._wire.bytes_read - begun >= _ENTRIES_BUDGET:
                self._is_cut = True
                break
            count = min(count, most_entries - len(ids))
            reply = self._rested((b"XREVRANGE", name, last, b"-", b"COUNT", b"%d" % count))
            if isinstance(reply, ErrorReply):
                return reply
            ids += (StreamId.parse(entry[0]) for entry in reply)
            if len(reply) < count:
                break
            last = b"(" + reply[-1][0]
            mean = (self._wire.bytes_read - begun) / len(ids)
            count = max(1, min(count * 8, _PAGE_ENTRIES, int(_PAGE_BYTES / mean)))
        return ids

    def _rested(self, command: Command) -> Any:
        """Ask, then rest for as long as the answer took."""
        started = time.monotonic()
        reply = self._ask(command)[0]
        took = time.monotonic() - started
        self._pause(min(took * _PAUSE_RATIO, _LONGEST_PAUSE_SECONDS))
        return reply

    def _ask(self, *commands: Command) -> list[Any]:
        deadline = self._deadline()
        self._wire.send(commands, deadline)
        answers = self._wire.receive(len(commands), deadline)
        for answer in answers:
            if isinstance(answer, ErrorReply) and answer.is_server_wide:
                raise Unreadable(answer.reason, str(answer))
        return answers

    def _deadline(self) -> Deadline:
        return Deadline(self._settings.timeout_seconds)


def _history(name: bytes, now_ms: int, stream: Any, groups: Any, ids: list[StreamId]) -> History:
    fields = by_name(stream)
    deleted = fields.get(b"max-deleted-entry-id")
    return History(
        name=name,
        now_ms=now_ms,
        ids=tuple(reversed(ids)),
        length=int(fields[b"length"]),
        last_generated=StreamId.parse(fields[b"last-generated-id"]),
        entries_added=fields.get(b"entries-added"),
        max_deleted=None if deleted is None else StreamId.parse(deleted),
        groups=None if isinstance(groups, ErrorReply) else tuple(map(_cursor, groups)),
    )


def _cursor(group: Any) -> GroupCursor:
    fields = by_name(group)
    return GroupCursor(fields[b"name"], StreamId.parse(fields[b"last-delivered-id"]))


def _is_about_the_key(error: ErrorReply) -> bool:
    """Whether an error is the stream's, and no refusal of scripts; older servers wrap the code."""
    return error.redirect is not None or error.code == "WRONGTYPE" or "WRONGTYPE" in error.text


def _unread(name: bytes, error: ErrorReply) -> Unread:
    return Unread(name, "gone" if error.says_gone else error.reason, str(error))
