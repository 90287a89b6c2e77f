"""`streamgauge check-config`: every mistake of a file, or what it resolves to."""

from __future__ import annotations

from pathlib import Path

import click

from streamgauge.cli.configuration import ConfigMistake, read_config, unknown_in_environment
from streamgauge.cli.output import say
from streamgauge.config import ConfigError
from streamgauge.config.describe import describe, warnings
from streamgauge.config.document import read_document
from streamgauge.config.foreign import foreign_syntax


@click.command("check-config")
@click.argument("file", type=click.Path(path_type=Path))
def check_config(file: Path) -> None:
    """Read FILE as `serve` would and say what each class and pattern resolves to."""
    try:
        config = read_config(file, None)
    except ConfigError as error:
        raise ConfigMistake(error) from error
    for warning in [*warnings(config), *foreign_syntax(read_document(file))]:
        click.echo(f"streamgauge: warning: {file}: {warning}", err=True)
    for name, near in unknown_in_environment():
        hint = f"; did you mean {near}?" if near else ""
        click.echo(f"streamgauge: warning: the variable {name} means nothing{hint}", err=True)
    say(describe(config).rstrip())
