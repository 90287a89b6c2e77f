"""The pack as folders on disk: all of it, or nothing; a newer one in the place of an older."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from streamgauge.bundled import BUNDLES, bundle_path
from streamgauge.pack.adapt import FILE, adapt, expected_rules
from streamgauge.pack.options import PackOptions

_TEXT_SUFFIXES: Final = (".yml", ".yaml", ".json", ".md")
# A checkout also holds what the dashboards are made from and looked at with.
_NOT_SHIPPED: Final = ("grafana/build.py", "grafana/builder", "grafana/preview")


class PackError(Exception):
    """Why nothing was written, as a sentence."""


class Changes(NamedTuple):
    """What is not in the directory as it would be written: names of files, sorted."""

    added: list[str]
    changed: list[str]
    foreign: list[str]
    """Beside the files of the pack: a user's own, or what an older pack had. They stay."""


def write_pack(directory: Path, options: PackOptions, *, force: bool = False) -> Changes | None:
    """Write alerts/ and grafana/ into the directory, which need not exist yet.

    With force, a pack that is there is replaced; returned is what that changed, else None.
    PackError, with the directory as it was before, when one is there and there is no force, when
    this installation came without its files, or when the directory cannot be written to.
    """
    try:
        new = {str(name): content for name, content in _contents(options)}
    except FileNotFoundError as error:
        raise PackError(str(error)) from error
    try:
        there = [directory / name for name in BUNDLES if os.path.lexists(directory / name)]
        changes = _changes(there, directory, new)
        _refuse(there, changes, force=force)
        with _created(directory):
            _write(directory, new)
    except OSError as error:
        raise PackError(f"cannot write to {directory}: {error.strerror}") from error
    return changes if there else None


def _contents(options: PackOptions) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Every file of the pack, by its name in it."""
    for folder in BUNDLES:
        source = bundle_path(folder)
        for path in sorted(source.rglob("*")):
            name = PurePosixPath(folder, path.relative_to(source).as_posix())
            if path.is_file() and not any(name.is_relative_to(other) for other in _NOT_SHIPPED):
                yield name, _content(path, name, options)
    if options.expected:
        name = PurePosixPath(FILE)
        yield name, adapt(name, expected_rules(options.expected), options).encode()


def _content(source: Path, name: PurePosixPath, options: PackOptions) -> bytes:
    content = source.read_bytes()
    if options != PackOptions() and source.suffix in _TEXT_SUFFIXES:
        content = adapt(name, content.decode(), options).encode()
    return content


def _changes(folders: list[Path], directory: Path, new: Mapping[str, bytes]) -> Changes:
    present = {
        path.relative_to(directory).as_posix(): path
        for folder in folders
        for path in folder.rglob("*")
        if not path.is_dir()
    }
    same = {
        name
        for name, path in present.items()
        if name in new and path.is_file() and path.read_bytes() == new[name]
    }
    return Changes(
        added=sorted(new.keys() - present.keys()),
        changed=sorted((new.keys() & present.keys()) - same),
        foreign=sorted(present.keys() - new.keys()),
    )


def _refuse(folders: list[Path], changes: Changes, *, force: bool) -> None:
    for folder in folders:
        if not folder.is_dir() or folder.is_symlink():
            raise PackError(f"{folder} exists already; name another directory: it is no folder")
        if not force:
            differ = ", ".join(changes.changed) or "nothing"
            raise PackError(
                f"{folder} exists already; name another directory, or say --force to replace what "
                f"an older pack wrote or somebody edited: {differ}"
            )


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


def _write(directory: Path, new: Mapping[str, bytes]) -> None:
    """Make all of it beside what is there, with the files of others, and then exchange the two."""
    with TemporaryDirectory(prefix=".streamgauge-pack-", dir=directory) as temporary:
        complete, before = Path(temporary, "complete"), Path(temporary, "before")
        for folder in (complete, before):
            folder.mkdir()
        for name in BUNDLES:
            if (directory / name).exists():
                shutil.copytree(directory / name, complete / name, symlinks=True)
        for name, content in new.items():
            (complete / name).parent.mkdir(parents=True, exist_ok=True)
            (complete / name).unlink(missing_ok=True)
            (complete / name).write_bytes(content)
        _exchange(BUNDLES, complete, directory, before)


def _exchange(names: Iterable[str], complete: Path, directory: Path, before: Path) -> None:
    moved: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        source.rename(target)
        moved.append((source, target))

    try:
        for name in names:
            if (directory / name).exists():
                move(directory / name, before / name)
            move(complete / name, directory / name)
    except BaseException:
        for source, target in reversed(moved):
            target.rename(source)
        raise
