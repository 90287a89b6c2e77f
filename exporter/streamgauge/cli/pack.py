"""`streamgauge pack`: the shipped alert rules and dashboards, as files."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from streamgauge.bundled import BUNDLES, bundle_path


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
def pack(directory: Path) -> None:
    """Write alerts/ and grafana/ into DIRECTORY; files that exist already are never overwritten."""
    try:
        sources = {name: bundle_path(name) for name in BUNDLES}
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    taken = [directory / name for name in BUNDLES if (directory / name).exists()]
    if taken:
        raise click.ClickException(f"{taken[0]} exists already; name another directory")
    try:
        for name, source in sources.items():
            shutil.copytree(source, directory / name)
    except OSError as error:
        raise click.ClickException(f"cannot write to {directory}: {error.strerror}") from error
    click.echo(f"wrote {' and '.join(f'{name}/' for name in BUNDLES)} into {directory}")
