"""The way to a server: TCP, unix socket or TLS, and what is said first over it."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from streamgauge.config import RedisConfig, TlsConfig
from streamgauge.credentials import Credentials, CredentialsError, current
from streamgauge.source.commands import Command
from streamgauge.source.errors import ErrorReply, Unreadable

_NOT_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""What OpenSSL says of a reply that is no TLS; the second since its version 3.2."""

_NO_DATABASE: Final = ("DB index", "SELECT is not allowed")
_NO_ROOM: Final = "max number of clients"
_ARGUMENTS: Final = ", with args beginning with"


class LoginRefusedError(Unreadable):
    """The server knows no such user, or another password."""


def dial(settings: RedisConfig, timeout_seconds: float) -> socket.socket:
    """Connect, and shake hands where TLS is configured; raises Unreadable."""
    try:
        line = _reach(settings, timeout_seconds)
    except TimeoutError:
        raise Unreadable("timeout", "no answer in time") from None
    except (OSError, UnicodeError) as error:  # the second for a name that can be no host's
        raise _no_connection(settings, error) from None
    if settings.tls is None:
        return line
    try:
        name = settings.tls.server_name or settings.host
        return _context(settings.tls).wrap_socket(line, server_hostname=name)
    except TimeoutError:
        # A plain Redis takes the TLS greeting for the beginning of a command, and waits for more.
        hint = "the port may not speak TLS"
        raise Unreadable("timeout", f"no answer in time to the TLS handshake; {hint}") from None
    except (OSError, ValueError) as error:
        raise _no_connection(settings, error) from None
    finally:
        line.close()  # it is empty once the handshake has begun


def credentials_for(settings: RedisConfig, timeout_seconds: float) -> Credentials:
    """Return what logs in now; raises Unreadable."""
    if settings.password is None:
        return Credentials("", settings.username)
    try:
        found = current(settings.password, timeout_seconds)
    except CredentialsError as error:
        raise Unreadable("other", f"no password: {error}") from None
    return Credentials(found.password, found.username or settings.username)


def login(settings: RedisConfig, credentials: Credentials) -> list[Command]:
    """Return the commands that log in and select the database; the answer to each is OK."""
    commands: list[Command] = []
    password, username = credentials
    if username or password:
        words = [username, password] if username else [password]
        commands.append((b"AUTH", *(word.encode(errors="surrogateescape") for word in words)))
    if settings.db:
        commands.append((b"SELECT", b"%d" % settings.db))
    return commands


def refusal(
    settings: RedisConfig, credentials: Credentials, command: Command, reply: object
) -> Unreadable:
    """Name what a server answered to a command of the login in place of OK."""
    if not isinstance(reply, ErrorReply):
        return Unreadable("protocol", "the reply is not the Redis protocol")
    if reply.code == "NOPERM":  # nobody is denied AUTH
        return Unreadable(
            "noperm", f"the user may not SELECT database {settings.db}: it needs +select"
        )
    is_about_password = command[0] == b"AUTH" and "password" in reply.text
    if reply.reason == "noperm" or is_about_password:
        return LoginRefusedError("noperm", "the server refused the login")
    # A server repeats the arguments of a command that it does not know, such as AUTH.
    text = str(reply).removeprefix("ERR ").partition(_ARGUMENTS)[0]
    if credentials.password:
        text = text.replace(credentials.password, "***")
    if any(sign in text for sign in _NO_DATABASE):
        text = f"the server has no database {settings.db}: {text}"
    return Unreadable("connection" if _NO_ROOM in text else "other", text)


def _reach(settings: RedisConfig, timeout_seconds: float) -> socket.socket:
    if settings.unix_path is None:
        line = socket.create_connection((settings.host, settings.port), timeout_seconds)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(timeout_seconds)
        line.connect(settings.unix_path)
    except BaseException:
        line.close()
        raise
    return line


def _context(tls: TlsConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert_file is not None:
        context.load_cert_chain(tls.cert_file, tls.key_file)
    return context


def _no_connection(settings: RedisConfig, error: Exception) -> Unreadable:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if any(sign in reason for sign in _NOT_TLS):
        reason = f"the port does not speak TLS: {reason}"
    return Unreadable("connection", f"cannot connect to {settings.address}: {reason}")
