"""`streamgauge suggest`: a class and limits for every stream, from the history in Redis."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click
from click.core import ParameterSource

from streamgauge import logs
from streamgauge.cli.configuration import (
    ConfigMistake,
    config_file_option,
    read_config,
    redis_url_option,
    warn_of_unknown_variables,
)
from streamgauge.cli.output import say, write
from streamgauge.config import Config, ConfigError
from streamgauge.policy import Policy
from streamgauge.report.names import plain
from streamgauge.source.errors import Unreadable
from streamgauge.source.history import Archive, Unread
from streamgauge.source.walk import Patterns
from streamgauge.suggest.document import Suggestion, document
from streamgauge.suggest.proposal import Proposal, agreed
from streamgauge.suggest.propose import propose
from streamgauge.suggest.rules import SuggestedRule, rule_lines, rules_of, unclassified_lines
from streamgauge.suggest.update import UpdateError, add_rules, replacing
from streamgauge.verdict.words import counted

Tracker = Callable[[list[bytes], str], Iterable[bytes]]
"""Passes names through and shows how far the work on them is."""

_MOST_TOLD: Final = 20


class RedisUnreadable(click.ClickException):
    """No Redis could be read: nothing is proposed, exit code 3."""

    exit_code = 3

    def __init__(self, failed: list[str]) -> None:
        super().__init__("\n".join(failed))


@dataclass
class _Gathered:
    """What the look at every Redis brought together."""

    proposals: dict[bytes, Proposal] = field(default_factory=dict)
    ruled: set[bytes] = field(default_factory=set)
    unread: list[Unread] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def is_part(self) -> bool:
        """Whether something that was asked for was not read."""
        return bool(self.failed or self.unread)


@click.command()
@config_file_option
@redis_url_option
@click.option(
    "--entries",
    type=click.IntRange(10, 1_000_000),
    default=10_000,
    show_default=True,
    metavar="N",
    help="How many of the newest entries of each stream to look at.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a new file instead of to stdout.",
)
@click.option(
    "--update",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Add rules to this configuration for the streams that it has none for.",
)
@click.pass_context
def suggest(
    context: click.Context,
    config_file: Path | None,
    redis_url: str | None,
    entries: int,
    output: Path | None,
    update: Path | None,
) -> None:
    """Propose class, quiet_limit and lag_limit for every stream, with the evidence.

    Looks at the IDs of the newest entries of each stream, which tell when they came, and prints a
    configuration. What a history does not tell stays unclassified. With --update the text in FILE
    stays as it is, and rules are added at the end of its streams. It ends with 3 when it could read
    nothing, and with 1 when it could read only a part.

    Nothing is ever written to Redis. The user needs
    +time +scan +xinfo|stream +xinfo|groups +xrevrange, and +eval_ro (before Redis 7: +eval) for a
    script that reads IDs alone; without it entries are read whole, and fewer of them.
    """
    logs.configure("warn", "logfmt")
    warn_of_unknown_variables()
    _check_flags(context, output, update)
    try:
        before = update.read_bytes() if update else b""
        config = read_config(update or config_file, redis_url)
    except ConfigError as error:
        raise ConfigMistake(error) from error
    except OSError as error:
        raise click.UsageError(f"{update} cannot be read: {error.strerror}") from error
    with _tracker() as track:
        gathered = _gather(config, entries, track, only_new=update is not None)
    known = gathered.ruled.union(each.name for each in gathered.unread)
    patterns = Patterns(config.discovery.patterns)
    rules = rules_of(gathered.proposals.values(), known, is_discovered=patterns.match)
    remarks = [*gathered.failed, *gathered.remarks, *_not_read(gathered.unread)]
    for remark in remarks:
        click.echo(f"streamgauge: warning: {remark}", err=True)
    if update is not None:
        _update(update, before, rules, redis_url)
        _tell_unclassified(gathered.proposals.values())
        context.exit(int(gathered.is_part))
    suggestion = Suggestion(time.time(), entries, rules, list(gathered.proposals.values()), remarks)
    text = document(config, suggestion)
    if output is None:
        write(text)
    else:
        _write(output, text)
    context.exit(int(gathered.is_part))


def _check_flags(context: click.Context, output: Path | None, update: Path | None) -> None:
    if update is not None and output is not None:
        raise click.UsageError("--update writes to its own file; leave --output out")
    given = context.get_parameter_source("config_file")
    if update is not None and given is ParameterSource.COMMANDLINE:
        raise click.UsageError("--update names the configuration; leave --config.file out")
    if output is not None and output.exists():
        raise click.UsageError(f"{output} exists already; name another file, or --update this one")


def _gather(config: Config, entries: int, track: Tracker, *, only_new: bool) -> _Gathered:
    """Read every stream of every Redis and propose for each; `only_new` leaves out what has rules.

    Raises RedisUnreadable where none could be read.
    """
    policy = Policy.from_config(config)
    gathered = _Gathered()
    if only_new:
        gathered.ruled.update(policy.declared)
    for redis in config.redis:
        archive = Archive(redis, config.discovery, policy)
        try:
            names, failures = archive.find()
            gathered.failed += _not_walked(failures)
            if only_new:
                ruled = [name for name in names if policy.rule_of(name) is not None]
                gathered.ruled.update(ruled)
                names = sorted(set(names).difference(ruled))
            for name in track(names, redis.name):
                _take(gathered, config, archive, name, entries)
            if archive.reads_whole_entries:
                gathered.remarks.append(
                    f"{redis.name}: scripts are denied, so entries were read whole, and fewer of "
                    "those that are large; grant +eval_ro (before Redis 7: +eval) for more"
                )
        except Unreadable as error:
            gathered.failed.append(f"{redis.name}: {error}")
        finally:
            archive.close()
    if len(gathered.failed) >= len(config.redis) and not gathered.proposals:
        raise RedisUnreadable(gathered.failed)
    return gathered


def _take(gathered: _Gathered, config: Config, archive: Archive, name: bytes, entries: int) -> None:
    history = archive.read(name, entries)
    if isinstance(history, Unread):
        if history.reason != "gone":
            gathered.unread.append(history)
        return
    proposal = propose(history, config.classes)
    earlier = gathered.proposals.get(name)
    gathered.proposals[name] = proposal if earlier is None else agreed(earlier, proposal)


@contextlib.contextmanager
def _tracker() -> Iterator[Tracker]:
    """A progress bar on stderr where that is a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda names, _title: names
        return
    from rich.console import Console  # noqa: PLC0415 - rich is slow to import
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield lambda names, title: progress.track(names, description=escape(title))


def _update(path: Path, before: bytes, rules: list[SuggestedRule], redis_url: str | None) -> None:
    if not rules:
        say(f"{path} has a rule for every stream whose history tells; it stays as it is")
        return
    try:
        add_rules(path, before, rules, lambda file: read_config(file, redis_url))
    except UpdateError as error:
        say("\n".join(rule_lines(rules, "  ")))
        raise click.ClickException(
            f"{path} stays as it is: {error}. The rules are printed, to be added by hand"
        ) from error
    streams = sum(len(rule.proposals) for rule in rules)
    say(f"added {counted(len(rules), 'rule')} for {counted(streams, 'stream')} to {path}")


def _tell_unclassified(proposals: Iterable[Proposal]) -> None:
    lines = list(unclassified_lines(proposals))
    for line in lines[:_MOST_TOLD]:
        click.echo(f"streamgauge: not classified: {line}", err=True)
    if len(lines) > _MOST_TOLD:
        click.echo(f"streamgauge: and {len(lines) - _MOST_TOLD:,} more", err=True)


def _write(path: Path, text: str) -> None:
    try:
        with replacing(path, text.encode()):
            pass
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
    click.echo(f"wrote {path}", err=True)


def _not_walked(failures: Mapping[str, Unreadable]) -> Iterator[str]:
    for address, error in failures.items():
        yield f"{address} could not be read, and none of its streams: {error}"


def _not_read(unread: list[Unread]) -> Iterator[str]:
    for each in unread[:_MOST_TOLD]:
        yield f"not read: {plain(each.name)}: {each.detail}"
    if len(unread) > _MOST_TOLD:
        yield f"not read: {len(unread) - _MOST_TOLD:,} more"
