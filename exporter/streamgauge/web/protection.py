"""The web config in force: read again when its file or a certificate has changed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from streamgauge.config import ConfigError, Problem
from streamgauge.logs import EventLog
from streamgauge.web.config import Tls, WebConfig, load_web_config, named_files
from streamgauge.web.threads import in_thread

_log = EventLog("web")

_SETTLE_SECONDS: Final = 0.05
"""A file is read this long after its change was noticed, so that a write under way can end and a
second one within the clock tick of the first is not missed."""

_Stamp = tuple[tuple[int, int, int, int] | None, ...]


class Protection:
    """Holds the last good state of a web config file, as it is at each use."""

    def __init__(self, path: Path) -> None:
        """Read the file; raises ConfigError when it cannot be used."""
        self._path = path
        self._seen = _Seen.now(path)
        self._config = load_web_config(path)
        self._turn = asyncio.Lock()

    @property
    def config(self) -> WebConfig:
        """What was in force at the last use."""
        return self._config

    async def current(self) -> WebConfig:
        """Look for a change and return what is in force; a mistake is logged once, and changes
        nothing."""
        if self._seen.is_old():
            async with self._turn:
                if self._seen.is_old():
                    self._seen, self._config = await in_thread(self._read_again)
        return self._config

    async def tls(self) -> Tls | None:
        """How to encrypt a connection that begins now."""
        return (await self.current()).tls

    def _read_again(self) -> tuple[_Seen, WebConfig]:
        time.sleep(_SETTLE_SECONDS)
        seen = _Seen.now(self._path)
        try:
            config = load_web_config(self._path)
            _refuse_switch(self._path, self._config, config)
        except ConfigError as error:
            _log.error("web config not reloaded, the old one stays", problems=str(error))
            return seen, self._config
        _log.info("web config reloaded", file=self._path)
        return seen, config


class _Seen(NamedTuple):
    """The files a configuration is made of, and what told their state from others."""

    files: tuple[Path, ...]
    stamp: _Stamp

    @classmethod
    def now(cls, path: Path) -> _Seen:
        """Look at the files before they are read: a change in between then makes this old."""
        own = _stamp([path])
        files = tuple(named_files(path))
        return cls(files, own + _stamp(files[1:]))

    def is_old(self) -> bool:
        return _stamp(self.files) != self.stamp


def _stamp(files: Iterable[Path]) -> _Stamp:
    """What tells one state of these files from another, without reading them."""
    return tuple(map(_stamp_of, files))


def _stamp_of(file: Path) -> tuple[int, int, int, int] | None:
    try:
        status = os.stat(file)  # noqa: PTH116  (for every request: Path.stat takes twice the time)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _refuse_switch(path: Path, old: WebConfig, new: WebConfig) -> None:
    """Raise ConfigError for what would open the door or lock Prometheus out by a half-written
    file."""
    problems = []
    if (old.tls is None) != (new.tls is None):
        switched = "on" if old.tls is None else "off"
        problems.append(
            Problem("tls_server_config", f"TLS cannot be switched {switched} without a restart")
        )
    if old.users and not new.users:
        problems.append(
            Problem("basic_auth_users", "the last user cannot be taken away without a restart")
        )
    if problems:
        raise ConfigError(os.fspath(path), problems)
