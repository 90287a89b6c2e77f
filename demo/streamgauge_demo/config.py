"""The demo's configuration file, written from the same table that the actors work from."""

import re
from pathlib import Path

from streamgauge.config import format_duration
from streamgauge_demo.catalogue import (
    ANSWER,
    ANSWERED_WITHIN_SECONDS,
    DEFAULT_LIMIT_SECONDS,
    PREFIX,
    STREAM_PREFIX,
    STREAMS,
    TRIGGER,
    GroupSpec,
    StreamClass,
    StreamSpec,
    key_of,
)
from streamgauge_demo.control import POLICY_DEADLINE, POLICY_HASH
from streamgauge_demo.errors import DemoError
from streamgauge_demo.pace import Pace
from streamgauge_demo.positions import HOLD_KEY

CONFIG_FILE = "streamgauge.yml"
MARKER = "# Written by `streamgauge demo` at each start: copy it before you change it."
_LOGIN = re.compile(r"(?<=://)[^/?#]*@")
_DISCOVERY_SECONDS = 30.0
_SHORTEST_DISCOVERY_SECONDS = 2.0

_SECTIONS: tuple[tuple[StreamClass, str], ...] = (
    (
        "continuous",
        """\
  # continuous: a feed that must never dry up. Silence past quiet_limit pages, and so does lag.
  # A feed that only runs at times would also say when:
  #   active: {days: mon-fri, hours: "09:30-16:00", timezone: America/New_York}""",
    ),
    (
        "hybrid",
        "  # hybrid: active, but with pauses. Silence never pages; entries left waiting do.",
    ),
    (
        "event",
        """\
  # event: written only when something happens, perhaps never. Empty is normal. These names hold
  # no wildcard, so each is exported even while it does not exist.""",
    ),
)


def without_login(redis_url: str) -> str:
    """The address without user name and password, which have no place in a file."""
    return _LOGIN.sub("", redis_url)


def render_config(redis_url: str, pace: Pace) -> str:
    """The file's text for the server at `redis_url`, without its login."""
    default_limit = format_duration(pace.limit(DEFAULT_LIMIT_SECONDS))
    discovery_seconds = pace.seconds(_DISCOVERY_SECONDS, floor=_SHORTEST_DISCOVERY_SECONDS)
    address = without_login(redis_url)
    login = "" if address == redis_url else "  # the login: STREAMGAUGE_REDIS_URL, in full"
    lines = [
        MARKER,
        f"# For the simulated trading system at --speed {pace.speed:g}.",
        "redis:",
        "  name: quantum  # the label `redis` of every series",
        f"  url: {address}{login}",
        "",
        "# Streams are found by SCAN in the background, never inside a scrape.",
        "discovery:",
        f'  match: ["{STREAM_PREFIX}*"]',
        f"  interval: {format_duration(discovery_seconds)}",
        "",
        "# What holds for a class unless a stream says otherwise.",
        "classes:",
        f"  continuous: {{quiet_limit: {default_limit}, lag_limit: {default_limit}}}",
        f"  hybrid: {{lag_limit: {default_limit}}}",
        f"  event: {{lag_limit: {default_limit}}}",
        "",
        "# The first match wins. What matches nothing is unclassified: exported, never paged for.",
        "streams:",
        "  # Scratch streams are nobody's business: not exported at all.",
        f'  - {{match: "{STREAM_PREFIX}*.tmp", ignore: true}}',
    ]
    for stream_class, comment in _SECTIONS:
        lines += ["", comment]
        for stream in STREAMS:
            if stream.stream_class == stream_class:
                lines += _stream_lines(stream, pace)
    lines += [
        "",
        "  # A wildcard is for what may come; the names above matched first and keep their own.",
        f'  - {{match: "{STREAM_PREFIX}learning.*", class: event}}',
        "",
        "# After an entry in one stream another one must get one: a job that is not begun pages.",
        "reactions:",
        f"  - after: {key_of(TRIGGER)}",
        f"    expect: {key_of(ANSWER)}",
        f"    within: {format_duration(pace.limit(ANSWERED_WITHIN_SECONDS))}",
        "",
        "# What tells that the control plane is alive while its streams are empty.",
        "keys:",
        "  # The policy in force, refreshed long before its deadline.",
        f"  - {{key: {PREFIX}{POLICY_HASH}, deadline_field: {POLICY_DEADLINE}}}",
        "  # One key for each symbol that is on hold; none is as right as some.",
        f'  - {{match: "{PREFIX}{HOLD_KEY}*"}}',
    ]
    return "\n".join(lines) + "\n"


def _stream_lines(stream: StreamSpec, pace: Pace) -> list[str]:
    lines = [
        f"  # {stream.note[0].upper()}{stream.note[1:]}.",
        f"  - match: {stream.key}",
        f"    class: {stream.stream_class}",
    ]
    if stream.quiet_limit_seconds is not None:
        lines.append(f"    quiet_limit: {format_duration(pace.limit(stream.quiet_limit_seconds))}")
    own = [group for group in stream.groups if group.lag_limit_seconds != DEFAULT_LIMIT_SECONDS]
    if own:
        lines.append("    groups:")
        lines += [f"      - {_group(group, pace)}" for group in own]
    return lines


def _group(group: GroupSpec, pace: Pace) -> str:
    if group.lag_limit_seconds is None:
        return f"{{match: {group.name}, lag_limit: none}}  # exported, but it never pages"
    limit = format_duration(pace.limit(group.lag_limit_seconds))
    return f"{{match: {group.name}, lag_limit: {limit}}}"


def write_config(directory: Path, redis_url: str, pace: Pace) -> Path:
    """Write CONFIG_FILE into `directory` and give its path; a file of the user's stays."""
    path = directory / CONFIG_FILE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.read_text(encoding="utf-8").startswith(MARKER):
            raise DemoError(f"{path} was not written by the demo; name another folder with --dir")
        path.write_text(render_config(redis_url, pace), encoding="utf-8")
    except OSError as error:
        raise DemoError(f"cannot write {path}: {error.strerror}") from error
    return path
