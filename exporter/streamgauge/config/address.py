"""The address of a server: a `redis://`, `rediss://` or `unix://` URL, or a sentinel's `host:port`.

No sentence here repeats the address, because it may hold a password.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import SecretStr

from streamgauge.config.problems import did_you_mean

DEFAULT_PORT = 6379
_DEFAULT_SENTINEL_PORT = 26379
_SCHEMES = ("redis", "rediss", "unix")
_ALLOWED = "allowed: redis://host:port/db, rediss://host:port/db, unix:///path"
_ENCODE = "; write / ? # @ : in a user name or password as %2F %3F %23 %40 %3A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What a URL says. `host` is None for a unix socket, and where sentinels name the server."""

    scheme: str
    host: str | None = None
    port: int = DEFAULT_PORT
    unix_path: str | None = None
    db: int = 0
    username: str | None = None
    password: SecretStr | None = None


def parse_url(text: str) -> Address:
    """The address a URL names. Raises ValueError with one sentence that does not repeat the URL."""
    parts = _split(text.strip())
    username, password = _userinfo(parts)
    if parts.scheme == "unix":
        return Address(
            scheme="unix", unix_path=_unix_path(parts), db=_query_db(parts),
            username=username, password=password,
        )  # fmt: skip
    if parts.query:
        raise ValueError(f"has options after ?, which are not supported{_hint(text)}")
    return Address(
        scheme=parts.scheme, host=parts.hostname, port=_port(parts), db=_path_db(parts),
        username=username, password=password,
    )  # fmt: skip


def parse_node(text: str) -> tuple[str, int]:
    """Host and port of `host`, `host:port` or `[ipv6]:port`; ValueError says what is allowed."""
    allowed = "allowed: host:port, such as 127.0.0.1:26379"
    if "@" in text or "/" in text:  # not repeated: it may hold a password
        raise ValueError(
            f"found an address with / or @, {allowed}; put the login in username and password"
        )
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^\s:\[\]]+))(?::([0-9]{1,5}))?", text)
    port = int(match[3] or _DEFAULT_SENTINEL_PORT) if match else 0
    if match is None or not 1 <= port <= 65535:
        raise ValueError(f"found {text!r}, {allowed}")
    return match[1] or match[2], port


def _split(text: str) -> SplitResult:
    if "://" not in text:
        raise ValueError(f"has no scheme, {_ALLOWED}")
    scheme = text.partition("://")[0].lower()
    if scheme not in _SCHEMES:
        near = did_you_mean(scheme, _SCHEMES)
        raise ValueError(f"has an unknown scheme, {_ALLOWED}{near}")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"is not a valid URL, {_ALLOWED}{_hint(text)}") from None
    if parts.fragment:
        raise ValueError(f"has a #, which a URL of a server cannot have{_hint(text)}")
    return parts


def _userinfo(parts: SplitResult) -> tuple[str | None, SecretStr | None]:
    password = unquote(parts.password) if parts.password else None
    return unquote(parts.username or "") or None, SecretStr(password) if password else None


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is None:
        return DEFAULT_PORT
    if port == 0:
        raise ValueError(f"has a wrong port, allowed: 1 to 65535{_hint(parts.geturl())}")
    return port


def _path_db(parts: SplitResult) -> int:
    return _db(parts.path.removeprefix("/") or "0", "the path", _hint(parts.geturl()))


def _query_db(parts: SplitResult) -> int:
    """A socket's path leaves no room for the number, so it stands in `?db=1`, as in redis-py."""
    if not parts.query:
        return 0
    key, _, value = parts.query.partition("=")
    if key != "db":
        raise ValueError("has an option that is not supported, allowed: ?db=NUMBER")
    return _db(value, "db", "")


def _db(text: str, place: str, hint: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(f"has a wrong database: {place} must be a number such as 0{hint}")
    return int(text)


def _hint(text: str) -> str:
    """How to write a login, where there is one: no @, no login."""
    return _ENCODE if "@" in text else ""


def _unix_path(parts: SplitResult) -> str:
    # unix://user:password@/path is how a login is written; without one, a host has no meaning.
    if parts.hostname or parts.path in ("", "/"):
        raise ValueError("names no socket, allowed: unix:///path/to/redis.sock, with three slashes")
    return unquote(parts.path)
