"""The pack as folders on disk: all of it, or nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from streamgauge.bundled import BUNDLES, bundle_path
from streamgauge.pack.adapt import adapt
from streamgauge.pack.expected import FILE, expected_rules
from streamgauge.pack.options import PackOptions

_TEXT_SUFFIXES: Final = (".yml", ".yaml", ".json", ".md")
# A checkout also holds what the dashboards are made from and looked at with.
_NOT_SHIPPED: Final = ("grafana/build.py", "grafana/builder", "grafana/preview")


class PackError(Exception):
    """Why nothing was written, as a sentence."""


def write_pack(directory: Path, options: PackOptions) -> None:
    """Write alerts/ and grafana/ into the directory, which need not exist yet.

    PackError, with the directory as it was before, when one of them is there already, when this
    installation came without them, or when the directory cannot be written to.
    """
    try:
        sources = {name: bundle_path(name) for name in BUNDLES}
    except FileNotFoundError as error:
        raise PackError(str(error)) from error
    _refuse_existing(directory / name for name in sources)
    try:
        with _created(directory):
            _write_folders(sources, directory, options)
    except OSError as error:
        raise PackError(f"cannot write to {directory}: {error.strerror}") from error


def _refuse_existing(folders: Iterable[Path]) -> None:
    for folder in folders:
        if os.path.lexists(folder):
            raise PackError(f"{folder} exists already; name another directory")


@contextmanager
def _created(directory: Path) -> Iterator[None]:
    """Create the directory and those above it; after a failure, what was created goes again."""
    absent = [folder for folder in (directory, *directory.parents) if not folder.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in absent:
            with suppress(OSError):
                folder.rmdir()
        raise


def _write_folders(sources: Mapping[str, Path], directory: Path, options: PackOptions) -> None:
    with TemporaryDirectory(prefix=".streamgauge-pack-", dir=directory) as temporary:
        complete = Path(temporary)
        for source, name in _shipped(sources):
            _copy(source, complete / name, name, options)
        if options.expected:
            name = PurePosixPath(FILE)
            (complete / name).write_text(adapt(name, expected_rules(options.expected), options))
        _move(sources, complete, directory)


def _shipped(sources: Mapping[str, Path]) -> Iterator[tuple[Path, PurePosixPath]]:
    """Every file and folder, each folder before what it holds, and its name in the pack."""
    for name, folder in sources.items():
        yield folder, PurePosixPath(name)
        for path in sorted(folder.rglob("*")):
            inside = PurePosixPath(name, path.relative_to(folder).as_posix())
            if not any(inside.is_relative_to(other) for other in _NOT_SHIPPED):
                yield path, inside


def _copy(source: Path, target: Path, name: PurePosixPath, options: PackOptions) -> None:
    if source.is_dir():
        target.mkdir()
        return
    content = source.read_bytes()
    if options != PackOptions() and source.suffix in _TEXT_SUFFIXES:
        content = adapt(name, content.decode(), options).encode()
    target.write_bytes(content)


def _move(names: Iterable[str], complete: Path, directory: Path) -> None:
    moved: list[str] = []
    try:
        for name in names:
            (complete / name).rename(directory / name)
            moved.append(name)
    except BaseException:
        for name in moved:
            (directory / name).rename(complete / name)
        raise
