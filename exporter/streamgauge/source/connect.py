"""Connecting and logging in: TCP, unix socket or TLS, by the redis package."""

from __future__ import annotations

import socket
import ssl
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from streamgauge.config import RedisConfig
from streamgauge.source.errors import Unreadable

Connection = redis.Connection | redis.UnixDomainSocketConnection

_NO_DATABASE: Final = ("DB index", "SELECT is not allowed")
_ARGUMENTS: Final = ", with args beginning with"
_NOT_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""What OpenSSL says of a reply that is no TLS; the second since its version 3.2."""


def new_connection(settings: RedisConfig, timeout_seconds: float) -> Connection:
    """Prepare a connection; nothing is sent yet."""
    options: dict[str, Any] = {
        "db": settings.db,
        "username": settings.username,
        "password": settings.password and settings.password.get_secret_value(),
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "driver_info": None,  # no CLIENT SETINFO: one right less to grant
    }
    if settings.unix_path is not None:
        return _connection(redis.UnixDomainSocketConnection, path=settings.unix_path, **options)
    options |= {"host": settings.host, "port": settings.port}
    tls = settings.tls
    if tls is None:
        return _connection(redis.Connection, **options)
    return _connection(
        _TlsConnection,
        server_name=tls.server_name,
        ssl_ca_certs=tls.ca_file,
        ssl_certfile=tls.cert_file,
        ssl_keyfile=tls.key_file,
        ssl_cert_reqs="none" if tls.insecure_skip_verify else "required",
        ssl_check_hostname=not tls.insecure_skip_verify,
        ssl_min_version=ssl.TLSVersion.TLSv1_2,
        **options,
    )


def log_in(connection: Any) -> socket.socket:
    """Connect, authenticate, select the database; returns the socket, or raises Unreadable."""
    try:
        connection.connect()
    except (redis.RedisError, OSError, UnicodeError) as error:
        shaking_hands = isinstance(connection, _TlsConnection) and connection.is_shaking_hands
        hang_up(connection)
        raise _unreadable(error, connection, shaking_hands=shaking_hands) from None
    except (TypeError, ValueError, MemoryError):  # of the parser, for what no Redis says
        hang_up(connection)
        raise Unreadable("protocol", "the reply is not the Redis protocol") from None
    standing = socket_of(connection)
    if standing is None:
        raise Unreadable("connection", "the connection was closed while it was being set up")
    return standing


def hang_up(connection: Any) -> None:
    """Close a connection in whatever state it is; never raises."""
    connection.disconnect()


def socket_of(connection: Any) -> socket.socket | None:
    """Return a connection's socket, as soon as it has one.

    The redis package has no public way to it, and reading replies elsewhere needs it.
    """
    found: socket.socket | None = connection._get_socket()  # noqa: SLF001
    return found


class _TlsConnection(redis.SSLConnection):
    """A TLS connection whose certificate may be issued to another name than its address."""

    def __init__(self, *, server_name: str | None, **options: Any) -> None:
        super().__init__(**options)
        self._server_name = server_name
        self.is_shaking_hands = False

    def _wrap_socket_with_ssl(self, sock: socket.socket) -> Any:
        address = self.host
        self.host = self._server_name or address
        self.is_shaking_hands = True
        try:
            wrapped = super()._wrap_socket_with_ssl(sock)  # type: ignore[no-untyped-call]
        finally:
            self.host = address
        self.is_shaking_hands = False
        return wrapped


def _connection(kind: Any, **options: Any) -> Connection:
    """Make a connection of a class whose constructor has no types."""
    made: Connection = kind(**options)
    return made


def _unreadable(error: Exception, connection: Any, *, shaking_hands: bool) -> Unreadable:
    """Name an error of the redis package by one of our reasons, and say what may be behind it."""
    db: int = connection.db
    if isinstance(error, redis.TimeoutError | TimeoutError):
        # A plain Redis takes the TLS greeting for the beginning of a command, and waits for more.
        hint = " to the TLS handshake; the port may not speak TLS" if shaking_hands else ""
        return Unreadable("timeout", f"no answer in time{hint}")
    if isinstance(error, redis.exceptions.NoPermissionError):  # nobody is denied AUTH
        return Unreadable("noperm", f"the user may not SELECT database {db}: it needs +select")
    if isinstance(error, redis.AuthenticationError):
        return Unreadable("noperm", "the server refused the login")
    if isinstance(error, redis.InvalidResponse):
        return Unreadable("protocol", "the reply is not the Redis protocol")
    text = _without_login(str(error), connection.password) or type(error).__name__
    if any(sign in text for sign in _NO_DATABASE):
        text = f"the server has no database {db}: {text}"
    if shaking_hands and any(sign in text for sign in _NOT_TLS):
        text = f"the port does not speak TLS: {text}"
    return Unreadable("connection" if _is_of_the_line(error) else "other", text)


def _is_of_the_line(error: Exception) -> bool:
    """Tell whether no connection came about, or it broke; the server has not answered."""
    if isinstance(error, redis.exceptions.BusyLoadingError):
        return False
    return isinstance(error, redis.ConnectionError | OSError | UnicodeError)


def _without_login(text: str, password: str | None) -> str:
    """Leave out the arguments that a server repeats of a command it does not know, such as AUTH."""
    text = text.partition(_ARGUMENTS)[0]
    return text.replace(password, "***") if password else text
