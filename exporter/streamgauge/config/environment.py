"""Settings of `redis` from outside the file: `STREAMGAUGE_REDIS_*` variables and flags."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from streamgauge.config.document import Location
from streamgauge.config.problems import nearest

PREFIX = "STREAMGAUGE_"

_SETTINGS: tuple[Location, ...] = (
    ("name",),
    ("url",),
    ("username",),
    ("password",),
    ("password_file",),
    ("credential_provider",),
    ("timeout",),
    ("mode",),
    ("tls", "ca_file"),
    ("tls", "cert_file"),
    ("tls", "key_file"),
    ("tls", "server_name"),
    ("tls", "insecure_skip_verify"),
    ("sentinel", "service"),
    ("sentinel", "nodes"),
    ("sentinel", "username"),
    ("sentinel", "password"),
    ("sentinel", "password_file"),
)
_PASSWORDS = ("password", "password_file", "password_command", "credential_provider")
# Kubernetes gives every pod variables for each service of its namespace, and one of them may be
# ours.
_SERVICE_LINK = re.compile(
    r"STREAMGAUGE_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?"
    r"|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)"
)
_USERINFO_PASSWORD = re.compile(r"://[^/?#]*:[^/?#]*@")


@dataclass(frozen=True, slots=True)
class Override:
    """One setting from outside the file: what gave it, where it belongs, and its text."""

    origin: str
    location: Location
    value: str


def _variable(location: Location) -> str:
    return f"{PREFIX}REDIS_{'_'.join(str(step) for step in location)}".upper()


_LOCATIONS = {_variable(location): location for location in _SETTINGS}
REDIS_VARIABLES: tuple[str, ...] = tuple(_LOCATIONS)


def overrides(flags: Mapping[str, str], environ: Mapping[str, str]) -> list[list[Override]]:
    """What the environment and then what the flags set; the later list wins.

    A variable that is empty counts as not set, as is usual where a template fills it in. Raises
    KeyError for a flag that is no setting of `redis`.
    """
    by_flag = {f"redis.{'.'.join(map(str, location))}": location for location in _SETTINGS}
    return [
        [
            Override(name, location, environ[name])
            for name, location in _LOCATIONS.items()
            if environ.get(name)
        ],
        [Override(f"--{flag}", by_flag[flag], value) for flag, value in flags.items()],
    ]


def apply(section: dict[str, Any], layers: Iterable[Iterable[Override]]) -> dict[Location, str]:
    """Write the overrides into one `redis` mapping; returns where each of these is from."""
    origins: dict[Location, str] = {}
    for layer in layers:
        settings = list(layer)
        for login in _replaced_logins(settings):
            _remove(section, login)
            origins.pop(login, None)
        for override in settings:
            _write(section, override)
            origins[override.location] = override.origin
    return origins


def unknown_variables(
    environ: Mapping[str, str], known_extra: Iterable[str] = ()
) -> list[tuple[str, str | None]]:
    """Variables that look like ours and mean nothing, each with the nearest known name, if any.

    `known_extra` are the names that others read, such as those of the flags. Those that Kubernetes
    sets for a service are left out.
    """
    known = {*REDIS_VARIABLES, *known_extra}
    # Names are compared without what they all share, or everything would be near.
    by_rest = {name.removeprefix(PREFIX).lower(): name for name in sorted(known)}
    unknown: list[tuple[str, str | None]] = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and not _is_link(name, environ[name]):
            near = nearest(name.removeprefix(PREFIX), by_rest)
            unknown.append((name, by_rest[near] if near else None))
    return unknown


def _is_link(name: str, value: str) -> bool:
    if name.startswith(f"{PREFIX}PORT") or _SERVICE_LINK.fullmatch(name):
        return True
    return name.endswith("_PORT") and "://" in value  # STREAMGAUGE_REDIS_PORT=tcp://10.0.0.7:6379


def _replaced_logins(settings: Iterable[Override]) -> Iterator[Location]:
    """The passwords of lower layers that this layer replaces, whichever way each of them is given.

    Otherwise a password_file of the file would win over a variable that is meant to replace it, and
    a URL with its own login would be tried with the password of another server.
    """
    for override in settings:
        *parents, key = override.location
        if key in _PASSWORDS:
            yield from ((*parents, one) for one in _PASSWORDS)
        elif key == "url" and _USERINFO_PASSWORD.search(override.value):
            yield ("username",)
            yield from ((one,) for one in _PASSWORDS)


def _parent(section: dict[str, Any], location: Location) -> dict[str, Any] | None:
    """The mapping that holds a setting; None where the file has something else in its place."""
    parent: Any = section
    for step in location[:-1]:
        if parent.get(step) is None:
            parent[step] = {}
        parent = parent[step]
        if not isinstance(parent, dict):
            return None  # told as a mistake of the file
    return parent  # type: ignore[no-any-return]


def _remove(section: dict[str, Any], location: Location) -> None:
    parent: Any = section.get(str(location[0])) if len(location) > 1 else section
    if isinstance(parent, dict):
        parent.pop(location[-1], None)


def _write(section: dict[str, Any], override: Override) -> None:
    value, key = override.value, str(override.location[-1])
    if key.endswith("_file") and value:
        # Relative to where the program was started; only paths in the file are relative to the
        # file.
        value = os.path.abspath(value)  # noqa: PTH100  (Path.absolute keeps "..")
    parent = _parent(section, override.location)
    if parent is not None:
        parent[key] = value
