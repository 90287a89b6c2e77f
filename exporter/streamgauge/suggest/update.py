"""Adding rules to the user's file: shown to the configuration's own reader before it counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from streamgauge.config import Config, ConfigError
from streamgauge.policy import Policy
from streamgauge.suggest.extend import NotExtensibleError, extended
from streamgauge.suggest.files import replacing
from streamgauge.suggest.rules import Rule, rule_lines


class UpdateError(Exception):
    """The file stays as it is; the text says why."""


def add_rules(
    path: Path, before: bytes, rules: Sequence[Rule], load: Callable[[Path], Config]
) -> None:
    """Append rules to the file, whose content was `before` when the work began.

    `load` reads a configuration from a path. Raises UpdateError, and then nothing was written.
    """
    try:
        text = extended(before.decode(), lambda indent: rule_lines(rules, indent))
        old = load(path)
        with replacing(path, text.encode()) as draft:
            _check(old, load(draft), rules)
            if path.read_bytes() != before:
                raise UpdateError("it was changed meanwhile")
    except (NotExtensibleError, ConfigError, yaml.YAMLError) as error:
        raise UpdateError(str(error)) from error
    except OSError as error:
        raise UpdateError(error.strerror or type(error).__name__) from error


def _check(old: Config, new: Config, rules: Sequence[Rule]) -> None:
    """Make sure that what was there says what it said, and each new rule what it should."""
    kept = replace(new, streams=old.streams) == old
    if not kept or new.streams[: len(old.streams)] != old.streams:
        raise UpdateError("its form does not let rules be added at the end of streams")
    policy = Policy.from_config(new)
    for rule in rules:
        for proposal in rule.proposals:
            found = policy.resolve(proposal.name)
            expected = rule.terms.stream_class if rule.terms else None
            if (found and found.stream_class) != expected:
                raise UpdateError("its form does not let rules be added at the end of streams")
