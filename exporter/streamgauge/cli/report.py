"""`streamgauge report`: what is wrong and what is as designed, from one look at Redis or two."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from streamgauge import logs
from streamgauge.cli.configuration import (
    ConfigMistake,
    config_file_option,
    read_config,
    redis_url_option,
    warn_of_unknown_variables,
)
from streamgauge.cli.output import write
from streamgauge.config import ConfigError, parse_duration
from streamgauge.config.problems import did_you_mean
from streamgauge.labels import label_value
from streamgauge.model.looks import EarlierLook, Seen, earlier_look
from streamgauge.model.records import RedisSnapshot
from streamgauge.report.incident import Asked, incident_of, known_streams, not_asked
from streamgauge.report.incident_text import (
    incident_json,
    incident_markdown,
    incident_text,
    to_text,
)
from streamgauge.report.markdown import markdown
from streamgauge.report.status import status_json
from streamgauge.report.summary import UNREADABLE_EXIT_CODE, exit_code
from streamgauge.report.text import is_colour_wanted, report_text
from streamgauge.report.view import View, view
from streamgauge.source.errors import Unreadable
from streamgauge.source.target import Target
from streamgauge.target_manager import TargetManager
from streamgauge.verdict.judge import judge

_WALK_SECONDS: Final = 60.0
"""How long a report waits for a walk over a large keyspace; after that it says what it lacks."""

Renderer = Callable[[Sequence[View]], str]


def _window(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if not seconds:
        raise click.BadParameter("two looks at once show nothing: write how far apart, such as 5s")
    return seconds


def _as_text(views: Sequence[View]) -> str:
    """As wide as the terminal or COLUMNS, else 80; coloured on a terminal alone."""
    width = shutil.get_terminal_size().columns
    return report_text(views, width, is_coloured=is_colour_wanted(sys.stdout.isatty()))


def _as_json(views: Sequence[View]) -> str:
    return status_json(views, time.time())


_RENDERERS: Final[dict[str, Renderer]] = {
    "table": _as_text,
    "markdown": markdown,
    "json": _as_json,
}


class _NoVerdict(click.ClickException):
    """A mistake that keeps the report from a verdict."""

    exit_code = UNREADABLE_EXIT_CODE

    def __init__(self, error: click.ClickException) -> None:
        super().__init__(error.format_message())
        self.ctx = getattr(error, "ctx", None)


class _Check(click.Command):
    """Its exit codes are verdicts: what keeps it from one must not end with the code of one."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        with _no_verdict():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _no_verdict():
            return super().invoke(ctx)


@contextlib.contextmanager
def _no_verdict() -> Iterator[None]:
    try:
        yield
    except (click.exceptions.Exit, click.Abort):
        raise
    except click.ClickException as error:
        raise _NoVerdict(error) from error
    except Exception as error:
        traceback.print_exc()
        raise click.exceptions.Exit(UNREADABLE_EXIT_CODE) from error


@click.command(cls=_Check)
@config_file_option
@redis_url_option
@click.option(
    "--format",
    "--output",
    "output_format",
    type=click.Choice(list(_RENDERERS)),
    default="table",
    show_default=True,
)
@click.option(
    "--window",
    "window_seconds",
    callback=_window,
    metavar="DURATION",
    help="Look twice, so far apart (such as 5s): rates and growth show only then.",
)
@click.option("--only", type=click.Choice(["problems"]), help="Leave out what is no problem.")
@click.option("--stream", metavar="NAME", help="Say everything about this stream alone.")
@click.option("--group", metavar="NAME", help="With --stream: about this group of it.")
@click.pass_context
def report(
    context: click.Context,
    config_file: Path | None,
    redis_url: str | None,
    output_format: str,
    window_seconds: float | None,
    only: str | None,
    stream: str | None,
    group: str | None,
) -> None:
    """Say of every stream and consumer group whether it is as designed, and why.

    With --stream it says what changed and when, which entries are pending, who owns them, and which
    commands help. That reads Redis and its state file and writes neither.

    It serves as a check. It ends with 0 when all is as designed, 1 with tickets, also when no
    stream was found or not all could be looked for, 2 with pages (what the shipped alerts page
    for), and 3 when that is not known: a Redis could not be read, no stream has the name of
    --stream or no group that of --group, or there is a mistake on the command line or in the
    configuration, which writes nothing to stdout.
    """
    if group is not None and stream is None:
        raise click.UsageError("--group needs --stream")
    logs.configure("warn", "logfmt")
    warn_of_unknown_variables()
    if output_format != "json":
        _leave_to_the_report("scrape", "discovery")
    try:
        config = read_config(config_file, redis_url)
        manager = TargetManager(lambda: config, saves=False)
    except ConfigError as error:
        raise ConfigMistake(error) from error
    manager.start()
    try:
        seen = _seen(manager, window_seconds)
        if stream is not None:
            context.exit(_tell_incidents(seen, stream, group, output_format))
    finally:
        manager.stop()
    verdicts = [judge(*one) for _, one in seen]
    views = [view(one, only_problems=only == "problems") for one in verdicts]
    write(_RENDERERS[output_format](views))
    context.exit(exit_code(verdicts))


def _leave_to_the_report(*names: str) -> None:
    """Keep out of the log what the report says itself; a fault of the program stays in it."""
    said = {f"streamgauge.{name}" for name in names}
    for handler in logging.getLogger().handlers:
        handler.addFilter(lambda record: record.name not in said or bool(record.exc_info))


def _seen(manager: TargetManager, window_seconds: float | None) -> list[tuple[Target, Seen]]:
    """Look at every target, once or twice, all of them at the same time."""
    targets = list(manager.targets.values())
    with ThreadPoolExecutor(len(targets)) as pool:
        earlier: Sequence[EarlierLook | None] = [None] * len(targets)
        if window_seconds is not None:
            earlier = [*map(earlier_look, pool.map(_look, targets))]
            time.sleep(window_seconds)
        seen = [*map(Seen, pool.map(_look, targets), earlier)]
    return [*zip(targets, seen, strict=True)]


def _look(target: Target) -> RedisSnapshot:
    target.wait_for_first_walk(_WALK_SECONDS)
    return target.sample(target.redis.timeout_seconds)


def _tell_incidents(
    seen: Sequence[tuple[Target, Seen]], stream: str, group: str | None, output_format: str
) -> int:
    """Write what is known of a stream, of each Redis that has it; returns the exit code."""
    found = [
        incident_of(target, one, _label(stream), group and _label(group), partial(_ask, target))
        for target, one in seen
    ]
    incidents = [one for one in found if one is not None]
    if not incidents:
        names = [label_value(name) for _, one in seen for name in known_streams(one)]
        near = did_you_mean(stream, names)
        raise click.ClickException(f"no stream named {stream!r} is watched{near}")
    code = max(one.exit_code for one in incidents)
    if output_format == "json":
        documents = [incident_json(one, time.time()) for one in incidents]
        write(to_text(documents[0] if len(documents) == 1 else documents))
    elif output_format == "markdown":
        write("\n".join(map(incident_markdown, incidents)))
    else:
        width = shutil.get_terminal_size().columns
        coloured = is_colour_wanted(sys.stdout.isatty())
        texts = (incident_text(one, width, is_coloured=coloured) for one in incidents)
        write("\n".join(texts))
    return code


def _label(text: str) -> str:
    """A name as it was written, any bytes, as it is on /metrics; what already is that stays."""
    return label_value(os.fsencode(text)) if "\ufffd" not in text else text


def _ask(target: Target, stream: bytes, group: bytes, consumers: int | None) -> Asked:
    try:
        return Asked(target.inquire(stream, group, consumers))
    except Unreadable as error:
        return not_asked(error)
