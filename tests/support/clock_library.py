"""The library that moves a process's clock, compiled once in a run of the tests."""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("moved_clock.c")


@cache
def clock_library() -> str | None:
    """Its path; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    folder = tempfile.mkdtemp(prefix="clock-")
    atexit.register(shutil.rmtree, folder)
    library = f"{folder}/moved_clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl"], check=True)
    return library
