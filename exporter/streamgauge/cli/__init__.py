"""The command line: the only place that prints, sets logging up or ends the process."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Final

import click

from streamgauge import __version__
from streamgauge.config.problems import nearest

_COMMANDS: Final = {
    "serve": "streamgauge.cli.serve:serve",
    "demo": "streamgauge_demo.cli:demo",
    "report": "streamgauge.cli.report:report",
    "suggest": "streamgauge.cli.suggest:suggest",
    "check-config": "streamgauge.cli.check_config:check_config",
    "metrics": "streamgauge.cli.metrics:metrics",
    "pack": "streamgauge.cli.pack:pack",
}
"""Where each command is; only the one that runs is imported, so that none pays for another."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        gc.disable()  # what is imported stays: to look through it again and again only takes time
        try:
            command: click.Command = getattr(importlib.import_module(module), attribute)
        finally:
            gc.enable()
        gc.freeze()
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = nearest(args[0], _COMMANDS)
            if near is None:
                raise
            message = f"No such command {args[0]!r}. Did you mean {near!r}?"
            raise click.UsageError(message, ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first sentence of each command whole, on as many lines as it needs."""
        commands = ((name, self.get_command(ctx, name)) for name in _COMMANDS)
        summaries = [
            (name, " ".join((command.help or "").partition("\n\n")[0].split()))
            for name, command in commands
            if command is not None
        ]
        with formatter.section("Commands"):
            formatter.write_dl(summaries)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", prog_name="streamgauge")
def cli() -> None:
    """Know whether a silent Redis stream is quiet by design or dead."""


def main() -> None:
    """Run the command line; a mistake of the user is one sentence and, mostly, exit code 2."""
    try:
        sys.exit(cli.main(prog_name="streamgauge", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        click.echo(f"streamgauge: {error.format_message()}", err=True)
        context = getattr(error, "ctx", None)
        if context is not None:
            click.echo(context.get_usage(), err=True)
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
