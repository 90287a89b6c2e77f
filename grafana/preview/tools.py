"""The programs from outside: installed by apt-get where that is possible, named where it is not."""

import os
import shutil
import subprocess

from processes import PreviewError

# Debian's package, and the command that it brings.
DEBIAN = {"nodejs": "node", "npm": "npm", "chromium": "chromium", "pngquant": "pngquant"}


def require_tools() -> None:
    """Return when every tool is there; PreviewError names what is missing and how to install it."""
    wanted = _absent()
    if wanted and shutil.which("apt-get") and os.geteuid() == 0:
        if not _apt_get("install", *wanted):
            _apt_get("update")
            _apt_get("install", *wanted)
        wanted = _absent()
    if wanted:
        commands = ", ".join(DEBIAN[package] for package in wanted)
        raise PreviewError(
            f"missing {commands}: sudo apt-get install --no-install-recommends {' '.join(wanted)}"
        )


def _absent() -> list[str]:
    return [package for package, command in DEBIAN.items() if not shutil.which(command)]


def _apt_get(*arguments: str) -> bool:
    done = subprocess.run(
        ["apt-get", "--quiet=2", "--yes", "--no-install-recommends", *arguments],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0
