"""Writing to stdout, which may be full or have no reader any more."""

from __future__ import annotations

import contextlib
import os
import sys

import click


class OutputError(click.ClickException):
    """Stdout took no more: a full disk, for one."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"cannot write to stdout: {error.strerror}")


def write(text: str) -> None:
    """Write text as it is; raises OutputError. A reader that has gone wants no more of it."""
    try:
        click.echo(text, nl=False)
    except OSError as error:
        _discard()
        if not isinstance(error, BrokenPipeError):
            raise OutputError(error) from error


def say(line: str) -> None:
    """Write a line."""
    write(f"{line}\n")


def _discard() -> None:
    """Let nothing that is still to be written, now or when Python ends, fail once more."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)
