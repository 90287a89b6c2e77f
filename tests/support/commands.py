"""The command line as a user runs it: a process of its own, untouched by STREAMGAUGE_ variables."""

import os
import subprocess
import sys


def environment(added: dict[str, str] | None = None) -> dict[str, str]:
    """This process's own, without what configures Streamgauge, and with what is added."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("STREAMGAUGE_")}
    return own | (added or {})


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "streamgauge", *map(str, arguments)]


def run(
    *arguments: object,
    added: dict[str, str] | None = None,
    stdout: int = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `added` is added to its environment."""
    return subprocess.run(
        command(*arguments),
        env=environment(added),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
