"""Sockets that systemd opened and passed on: LISTEN_PID and LISTEN_FDS, as sd_listen_fds reads."""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping
from typing import Final

from streamgauge.web.listen import Listener, ListenError

_FIRST: Final = 3
_VARIABLES: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


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
