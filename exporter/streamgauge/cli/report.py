"""`streamgauge report`: what is wrong and what is as designed, from one look at Redis or two."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import click

from streamgauge import logs
from streamgauge.cli.configuration import (
    ConfigMistake,
    config_file_option,
    read_config,
    redis_url_option,
)
from streamgauge.cli.output import write
from streamgauge.config import ConfigError, parse_duration
from streamgauge.report.markdown import markdown
from streamgauge.report.status import status_json
from streamgauge.report.summary import UNREADABLE_EXIT_CODE, exit_code
from streamgauge.report.text import is_colour_wanted, report_text
from streamgauge.report.view import View, view
from streamgauge.verdict.looks import Look
from streamgauge.verdict.records import RedisVerdict
from streamgauge.verdict.seen import verdict_on
from streamgauge.watch import Watch
from streamgauge.watched import Seen, WatchedTarget

_WALK_SECONDS: Final = 60.0
"""How long a report waits for a walk over a large keyspace; after that it says what it lacks."""

Renderer = Callable[[Sequence[View]], str]


def _window(_context: click.Context, _option: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


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
        raise _NoVerdict(error.format_message()) from error
    except Exception as error:
        traceback.print_exc()
        raise click.exceptions.Exit(UNREADABLE_EXIT_CODE) from error


@click.command(cls=_Check)
@config_file_option
@redis_url_option
@click.option(
    "--format",
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
@click.pass_context
def report(
    context: click.Context,
    config_file: Path | None,
    redis_url: str | None,
    output_format: str,
    window_seconds: float | None,
    only: str | None,
) -> None:
    """Say of every stream and consumer group whether it is as designed, and why.

    It serves as a check. It ends with 0 when all is well, 1 with warnings, also when no stream was
    found or not all could be looked for, 2 when something is critical (what the shipped alerts
    page for, but for lag that keeps growing, which takes longer to see), and 3 when that is not
    known: a Redis could not be read, or there is a mistake on the command line or in the
    configuration, which writes nothing to stdout.
    """
    logs.configure("warn", "logfmt")
    try:
        config = read_config(config_file, redis_url)
        watch = Watch(lambda: config, saves=False)
    except ConfigError as error:
        raise ConfigMistake(error) from error
    watch.start()
    try:
        verdicts = _verdicts(watch, window_seconds)
    finally:
        watch.stop()
    views = [view(one, only_problems=only == "problems") for one in verdicts]
    write(_RENDERERS[output_format](views))
    context.exit(exit_code(verdicts))


def _verdicts(watch: Watch, window_seconds: float | None) -> list[RedisVerdict]:
    """Look at every target, once or twice, all of them at the same time."""
    targets = list(watch.targets.values())
    with ThreadPoolExecutor(len(targets)) as pool:
        earlier: Iterable[Look | None] = [None] * len(targets)
        if window_seconds is not None:
            earlier = [seen.look for seen in pool.map(_look, targets)]
            time.sleep(window_seconds)
        looks = pool.map(_look, targets)
        return [
            verdict_on(now._replace(earlier=then)) for now, then in zip(looks, earlier, strict=True)
        ]


def _look(target: WatchedTarget) -> Seen:
    target.wait_for_first_walk(_WALK_SECONDS)
    return target.seen(target.sample(target.redis.timeout_seconds))
