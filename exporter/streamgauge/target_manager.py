"""The running exporter: which Redis it watches, under which configuration, since when."""

from __future__ import annotations

import platform
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from streamgauge import __version__
from streamgauge.config import Config, ConfigError
from streamgauge.logs import EventLog
from streamgauge.model.records import ProcessState
from streamgauge.shard import WHOLE, Shard, policy_of_shard
from streamgauge.source.target import Target
from streamgauge.state_file import StateFile

_log = EventLog("config")
_PYTHON: Final = platform.python_version()


class Links(NamedTuple):
    """Where people find Prometheus and Grafana; None where nobody said."""

    prometheus: str | None = None
    grafana: str | None = None


class Configuration(NamedTuple):
    """When the configuration in force was read, and the mistakes of a newer one, if any."""

    loaded_at: float
    tried_at: float
    error: ConfigError | None


class TargetManager:
    """Holds one target per configured Redis and swaps the configuration while they run."""

    def __init__(
        self,
        load: Callable[[], Config],
        shard: Shard = WHOLE,
        *,
        saves: bool = True,
        links: Links = Links(),  # noqa: B008 - it cannot be changed
    ) -> None:
        """Read the configuration; raises ConfigError when it cannot be used.

        What was learned is read from the configured file, and written there if this one `saves`.
        """
        self._load = load
        self._saves = saves
        self.links = links
        self._state: StateFile | None = None
        self._shard = shard
        self._started = False
        self._reloading = threading.Lock()
        self._targets: Mapping[str, Target] = {}
        self._apply(load())
        self._reload_error: ConfigError | None = None
        self._reloaded_at = self._tried_at = time.time()

    def start(self) -> None:
        """Begin to discover streams, on every target now and on each that a reload adds."""
        self._started = True
        for target in self._targets.values():
            target.start()

    @property
    def targets(self) -> Mapping[str, Target]:
        """The targets by name, in the order of the configuration."""
        return self._targets

    @property
    def shard(self) -> Shard:
        """The part of all streams and keys that is watched."""
        return self._shard

    @property
    def is_ready(self) -> bool:
        """Tell whether a configured Redis was read at least once."""
        return any(target.is_ready for target in self._targets.values())

    @property
    def process_state(self) -> ProcessState:
        """What the exporter says of itself."""
        successful = int(self._reload_error is None)
        return ProcessState(__version__, _PYTHON, successful, self._reloaded_at)

    @property
    def configuration(self) -> Configuration:
        """Which configuration is in force, and why a newer one is not."""
        return Configuration(self._reloaded_at, self._tried_at, self._reload_error)

    def reload(self) -> None:
        """Read the configuration again; the old one stays when ConfigError is raised.

        One reload waits for another, so that what was read last is what holds.
        """
        with self._reloading:
            try:
                self._apply(self._load())
            except ConfigError as error:
                self._reload_error, self._tried_at = error, time.time()
                for problem in error.problems:
                    _log.error(
                        "config not reloaded, the old one stays",
                        source=error.source,
                        problem=problem,
                    )
                raise
            self._reload_error = None
            self._reloaded_at = self._tried_at = time.time()
            _log.info("config reloaded")

    def stop(self) -> None:
        """Hang up everywhere; a sample under way fails at once."""
        for target in self._targets.values():
            target.stop()
            target.save(at_once=True)

    def _apply(self, config: Config) -> None:
        state = self._state = self._state_of(config)
        targets: dict[str, Target] = {}
        for redis in config.redis:
            policy = policy_of_shard(config, self._shard, redis.name)
            known = self._targets.get(redis.name)
            if known is not None and known.redis == redis:
                known.configure(config.discovery, policy, state)
                targets[redis.name] = known
            else:
                targets[redis.name] = Target(redis, config.discovery, policy, state)
        old, self._targets = self._targets, targets
        for name, target in targets.items():
            if self._started and old.get(name) is not target:
                target.start()
        for name, target in old.items():
            if targets.get(name) is not target:
                target.stop()

    def _state_of(self, config: Config) -> StateFile | None:
        """Return the file for what is learned; shards have one each."""
        if config.state_file is None:
            return None
        path = Path(config.state_file)
        if self._shard != WHOLE:
            path = path.with_name(f"{path.name}.{str(self._shard).replace('/', '-of-')}")
        state = self._state
        if state is None or state.path != path:
            state = StateFile(path, writes=self._saves)
        state.keep_only({redis.name for redis in config.redis})
        return state
