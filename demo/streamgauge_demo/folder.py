"""The folder with the demo's configuration and log, for one demo at a time."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from streamgauge_demo.errors import DemoError

LOCK = "demo.lock"


@contextlib.contextmanager
def claimed(directory: Path) -> Iterator[None]:
    """Create the folder and keep other demos out of it; DemoError when one is there.

    The claim ends with this process, however it ends; the file stays.
    """
    path = directory / LOCK
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        raise DemoError(f"cannot write {path}: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DemoError(
                f"another demo runs in {directory}; name another folder with --dir"
            ) from error
        yield
