"""What was learned of each Redis, kept in a file over restarts of the exporter."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from streamgauge.logs import EventLog
from streamgauge.model.memory import Changes, FeedMemory, Memory, Reactions, StreamMemory

_log = EventLog("state")

_VERSION: Final = 1
_SAVED_EVERY_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Saved:
    """A memory as the file holds it; names are Base64, as they may be any bytes."""

    streams: dict[bytes, StreamMemory] = field(default_factory=dict)
    feeds: dict[bytes, FeedMemory] = field(default_factory=dict)
    servers: frozenset[str] = frozenset()
    changes: dict[bytes, Changes] = field(default_factory=dict)
    reactions: Reactions = field(default_factory=dict)

    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


class StateFile:
    """The memories of all configured Redis in one file, `{"version": 1, "redis": {name: ...}}`.

    A file that is broken, of another version or cannot be written is a warning: then the exporter
    starts without it, or keeps what it learned for as long as it runs. One that it cannot use is
    moved aside before it is written over. A file that another process writes too is a warning.
    """

    def __init__(self, path: Path, *, writes: bool = True) -> None:
        self.path = path
        self._writes = writes
        self._adapter = TypeAdapter(_Saved)
        self._written: bytes | None = None
        self._as_written: tuple[int, int] | None = None
        self._is_foreign = False
        self._complaint: str | None = None
        self._lock = threading.Lock()
        self._written_at = time.monotonic()
        self._taken_at: dict[str, float] = {}
        self._parts = self._read()

    def memory(self, redis: str) -> Memory:
        """Return what is known of a Redis; nothing of one that is new."""
        part = self._parts.get(redis)
        if part is None:
            return Memory()
        try:
            saved = self._adapter.validate_json(part)
        except ValidationError:
            self._complain("has another form than this version writes; starting without it")
            return Memory()
        return Memory(saved.streams, saved.feeds, saved.servers, saved.changes, saved.reactions)

    def save(self, redis: str, memory: Memory, *, at_once: bool = False) -> None:
        """Write what is known of a Redis, at most once a minute unless `at_once`; never raises."""
        if not self._writes:
            return
        with self._lock:
            now = time.monotonic()
            taken_at = self._taken_at.setdefault(redis, self._written_at)
            if not at_once and now - taken_at < _SAVED_EVERY_SECONDS:
                return
            self._taken_at[redis] = now
            streams, feeds = memory.contents()
            changes, reactions = memory.changes.copy(), memory.reactions
            saved = _Saved(streams, feeds, memory.servers, changes, reactions)
            self._parts[redis] = self._adapter.dump_json(saved, exclude_defaults=True)
            if at_once or now - self._written_at >= _SAVED_EVERY_SECONDS:
                self._written_at = now
                self._write()

    def keep_only(self, names: set[str]) -> None:
        """Forget every Redis but these."""
        with self._lock:
            self._parts = {name: part for name, part in self._parts.items() if name in names}

    def _read(self) -> dict[str, bytes]:
        try:
            content: Any = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._complain(f"cannot be read: {error.strerror}; starting without it")
            return {}
        except ValueError:
            self._is_foreign = True
            self._complain("is not JSON; starting without it")
            return {}
        parts = content.get("redis") if isinstance(content, dict) else None
        if not isinstance(parts, dict) or content.get("version") != _VERSION:
            self._is_foreign = True
            self._complain(f"is not a state of version {_VERSION}; starting without it")
            return {}
        return {name: json.dumps(part).encode() for name, part in parts.items()}

    def _write(self) -> None:
        parts = b",".join(json.dumps(name).encode() + b":" + p for name, p in self._parts.items())
        content = b'{"version":%d,"redis":{%b}}\n' % (_VERSION, parts)
        if content == self._written:
            return
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        is_shared = bool(self._as_written and self._identity() not in (None, self._as_written))
        try:
            beside.write_bytes(content)
            if self._is_foreign:
                with contextlib.suppress(FileNotFoundError):
                    self.path.replace(self.path.with_name(f"{self.path.name}.unusable"))
                self._is_foreign = False
            beside.replace(self.path)
        except OSError as error:
            self._complain(f"cannot be written: {error.strerror}")
            with contextlib.suppress(OSError):
                beside.unlink()
            return
        self._written, self._as_written = content, self._identity()
        if is_shared:
            self._complain("is written by another process too; each exporter needs its own")
        else:
            self._complaint = None

    def _identity(self) -> tuple[int, int] | None:
        """What changes when somebody else writes the file."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            _log.warning("state file", path=self.path, problem=complaint)
