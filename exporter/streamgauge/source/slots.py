"""Which node of a cluster serves which hash slot, as one of its nodes tells by CLUSTER SLOTS."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Any, Final

from streamgauge.source.node import Node

_SLOTS: Final = 16384


class SlotMap:
    """The owner of every hash slot at one moment."""

    def __init__(self, ranges: list[tuple[int, int, list[Node]]]) -> None:
        """Take `first`, `last` and the nodes, of which the primary comes first."""
        self._owners: list[Node | None] = [None] * _SLOTS
        for first, last, nodes in ranges:
            self._owners[first : last + 1] = [nodes[0]] * (last + 1 - first)
        self.primaries = tuple(dict.fromkeys(nodes[0] for _, _, nodes in ranges))
        self.nodes = tuple(dict.fromkeys(node for _, _, nodes in ranges for node in nodes))

    def owner(self, key: bytes) -> Node | None:
        """Return the primary that serves a key; None when no node serves its slot."""
        return self._owners[_slot_of(key)]


def _slot_of(key: bytes) -> int:
    """The hash slot of a key: CRC-16 (XMODEM) of its first hash tag, or else of all of it."""
    _, _, behind = key.partition(b"{")
    tag, closing, _ = behind.partition(b"}")
    return binascii.crc_hqx(tag if tag and closing else key, 0) % _SLOTS


def slot_map(reply: Any, asked: Node) -> SlotMap:
    """Read CLUSTER SLOTS as the node `asked` answered it.

    Raises one of replies.MALFORMED when the reply has another shape than Redis documents.
    """
    return SlotMap(
        [
            (*_slots(first, last), list(_nodes(servers, asked)))
            for first, last, *servers in reply
            if servers
        ]
    )


def _slots(first: Any, last: Any) -> tuple[int, int]:
    if not 0 <= int(first) <= int(last) < _SLOTS:
        raise ValueError("slots that no cluster has")
    return int(first), int(last)


def _nodes(servers: list[Any], asked: Node) -> Iterator[Node]:
    for host, port, *rest in servers:
        if not 1 <= int(port) <= 65535:
            raise ValueError("a node without a port")
        yield Node(_host(host, rest, asked), int(port))


def _host(host: bytes | None, rest: list[Any], asked: Node) -> str:
    """The host that a node announces; a node that does not know its own is where it was asked.

    With `cluster-preferred-endpoint-type hostname` a node without one says `?`, and its address
    stands behind.
    """
    if host == b"?" and len(rest) > 1:
        fields = iter(rest[1])
        host = dict(zip(fields, fields, strict=True)).get(b"ip")
    return host.decode() if host and host != b"?" else asked.host
