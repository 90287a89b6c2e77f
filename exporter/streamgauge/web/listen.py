"""Listening sockets, bound before anything else starts, so that a taken port is one clear error."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import stat
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Final, NamedTuple

_FIRST: Final = 3
_VARIABLES: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")

_BACKLOG: Final = 4096
"""How many may wait to be accepted, where the system allows as many."""

_UNIX: Final = "unix:"
_SOCKET_MODE: Final = 0o660
_ALLOWED: Final = "write host:port, :port, [ipv6]:port or unix:/path; a port is at most 65535"
_HOST_PORT: Final = re.compile(r"(?:\[([0-9A-Za-z:.%]+)\]|([^\s\[\]:/]*)):([0-9]{1,5})", re.ASCII)


def systemd_listeners(environ: MutableMapping[str, str]) -> list[Listener]:
    """Take the passed sockets over, and the variables out of `environ`; raises ListenError.

    A socket file stays when such a listener is closed: it is systemd's.
    """
    pid, count, _ = (environ.pop(name, "") for name in _VARIABLES)
    if pid != str(os.getpid()) or not count.isdecimal() or int(count) < 1:
        raise ListenError("systemd passed no socket: start this process by a .socket unit")
    return [Listener(_socket(number)) for number in range(_FIRST, _FIRST + int(count))]


def _socket(number: int) -> socket.socket:
    try:
        os.set_inheritable(number, False)
        passed = socket.socket(fileno=number)
    except OSError as error:
        raise ListenError(
            f"file {number} that systemd passed is no socket: {error.strerror}"
        ) from error
    if not passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        passed.close()
        raise ListenError(f"socket {number} that systemd passed does not listen")
    return passed


class ListenError(Exception):
    """An address that cannot be listened on; the text says why."""


class Listener(NamedTuple):
    """A listening socket, and the file it made, with the file's number, if it made one."""

    socket: socket.socket
    file: tuple[Path, int] | None = None

    @property
    def address(self) -> str:
        """Where it listens, as `host:port` or `unix:/path`."""
        return bound_address(self.socket)

    def close(self) -> None:
        """Close the socket and remove its file, if that is still its own."""
        self.socket.close()
        if self.file is not None:
            path, number = self.file
            with contextlib.suppress(OSError):
                if path.lstat().st_ino == number:
                    path.unlink()


def listen_all(addresses: Iterable[str]) -> list[Listener]:
    """Listen on every address or, raising ListenError, on none."""
    with contextlib.ExitStack() as stack:
        listeners = []
        for address in addresses:
            listener = listen(address)
            stack.callback(listener.close)
            listeners.append(listener)
        stack.pop_all()
    return listeners


def listen(address: str) -> Listener:
    """Bind `host:port`, `[v6]:port`, `:port` (everywhere) or `unix:/path`; raises ListenError."""
    try:
        if address.startswith(_UNIX):
            return _listen_unix(Path(address.removeprefix(_UNIX)))
        return Listener(_listen_tcp(address))
    except (OSError, UnicodeError) as error:
        raise ListenError(f"cannot listen on {address}: {_reason(error)}") from error


def _reason(error: OSError | UnicodeError) -> str:
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    if error.errno == errno.EADDRINUSE:
        return "the address is in use; --web.listen-address names another"
    return error.strerror.partition(" (while")[0]  # where Python repeats the address


def _listen_tcp(address: str) -> socket.socket:
    match = _HOST_PORT.fullmatch(address)
    if match is None or int(match[3]) > 65535:
        raise ListenError(f"cannot listen on {address!r}: {_ALLOWED}")
    host, port = match[1] or match[2], int(match[3])
    if host:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    if socket.has_dualstack_ipv6():
        return socket.create_server(
            ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=_BACKLOG
        )
    return socket.create_server(("", port), backlog=_BACKLOG)


def _listen_unix(path: Path) -> Listener:
    """Owner and group may connect. A file that a dead process left is replaced."""
    if str(path) in ("", "."):
        raise ListenError(f"cannot listen on {_UNIX!r}: {_ALLOWED}")
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(os.fspath(path))
        path.chmod(_SOCKET_MODE)  # nobody can connect before listen
        listener.listen(_BACKLOG)
    except BaseException:
        listener.close()
        raise
    return Listener(listener, (path.absolute(), path.lstat().st_ino))


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ListenError(f"cannot listen on {_UNIX}{path}: a file that is no socket is there")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ListenError(f"cannot listen on {_UNIX}{path}: another process listens there")


def bound_address(listener: socket.socket) -> str:
    """Write where a socket listens, as `host:port` or `unix:/path`."""
    name = listener.getsockname()
    if not isinstance(name, tuple):
        return f"{_UNIX}{os.fsdecode(name)}"
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
