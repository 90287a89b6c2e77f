"""Listening sockets, bound before anything else starts, so that a taken port is one clear error."""

from __future__ import annotations

import socket


class ListenError(Exception):
    """An address that cannot be listened on; the text says why."""


def listen(address: str) -> socket.socket:
    """Bind `host:port`, `[v6]:port` or `:port` (all addresses); raises ListenError."""
    host, colon, port_text = address.rpartition(":")
    if not colon or not port_text.isdecimal() or int(port_text) > 65535:
        raise ListenError(f"cannot listen on {address!r}: write host:port or :port")
    port, host = int(port_text), host.removeprefix("[").removesuffix("]")
    try:
        if host:
            family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((host, port), family=family, backlog=128)
        if socket.has_dualstack_ipv6():
            return socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128
            )
        return socket.create_server(("", port), backlog=128)
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {error.strerror or error}") from error


def bound_address(listener: socket.socket) -> str:
    """Write where a socket listens, as `host:port`."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
