"""The configuration is swapped by one reload after the other."""

import threading

from streamgauge.config import Config, RedisConfig
from streamgauge.config.model import StreamRule
from streamgauge.target_manager import TargetManager

REDIS = RedisConfig(name="main", host="127.0.0.1", port=1)
_FAR_TOO_LONG = 30.0


class Noticed:
    """A lock that says when somebody has to wait for it."""

    def __init__(self, waits: threading.Event):
        self._lock, self._waits = threading.Lock(), waits

    def __enter__(self):
        if not self._lock.acquire(blocking=False):
            self._waits.set()
            self._lock.acquire()

    def __exit__(self, *_):
        self._lock.release()


def test_of_two_reloads_at_once_the_newer_file_wins():
    versions = iter(range(1, 4))
    has_read, may_go_on, waits_or_is_done = (threading.Event() for _ in range(3))

    def load() -> Config:
        version = next(versions)
        if version == 2:  # the file was read, and what it means is not settled yet
            has_read.set()
            may_go_on.wait(_FAR_TOO_LONG)
        return Config(redis=(REDIS,), streams=(StreamRule(match=f"version-{version}"),))

    def second_reload() -> None:
        manager.reload()
        waits_or_is_done.set()

    manager = TargetManager(load)
    manager._reloading = Noticed(waits_or_is_done)
    first = threading.Thread(target=manager.reload)
    first.start()
    assert has_read.wait(_FAR_TOO_LONG)
    second = threading.Thread(target=second_reload)
    second.start()
    assert waits_or_is_done.wait(_FAR_TOO_LONG)
    may_go_on.set()
    for thread in (first, second):
        thread.join(_FAR_TOO_LONG)
    assert list(manager.targets["main"]._policy.declared) == [b"version-3"]
