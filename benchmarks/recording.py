"""A relay in front of Redis that keeps what each connection sent, byte for byte."""

import socket
import threading
from contextlib import suppress
from typing import Self

import hiredis

CHUNK = 1 << 16


class Recorder:
    """Stands in front of `port` of 127.0.0.1, on a free port of its own.

    `sent` has one item for each connection, in the order in which they were made. It relays what
    comes in as it comes in, so that pipelines stay what they are.
    """

    def __init__(self, port: int):
        self._upstream = ("127.0.0.1", port)
        self._sockets: list[socket.socket] = []
        self.sent: list[bytearray] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listener, *self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def lengths(self) -> list[int]:
        """How many bytes each connection has sent so far."""
        return [len(sent) for sent in self.sent]

    def since(self, lengths: list[int]) -> list[bytes]:
        """What each connection has sent since then."""
        starts = [*lengths, *[0] * (len(self.sent) - len(lengths))]
        return [bytes(sent[start:]) for sent, start in zip(self.sent, starts, strict=True)]

    def _accept(self) -> None:
        with suppress(OSError):  # the end
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                sent = bytearray()
                self.sent.append(sent)
                self._sockets += (client, server)
                for pump in ((client, server, sent), (server, client, None)):
                    threading.Thread(target=_relay, args=pump, daemon=True).start()


def _relay(source: socket.socket, sink: socket.socket, record: bytearray | None) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            if record is not None:
                record += data
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def commands(sent: bytes) -> list[bytes]:
    """Take apart what a client sent: each command as it was written."""
    reader = hiredis.Reader(notEnoughData=None)
    found = []
    # The reader moves all that is left of what it was fed each time that it is asked.
    for start in range(0, len(sent), CHUNK):
        reader.feed(sent[start : start + CHUNK])
        while (words := reader.gets()) is not None:
            found.append(hiredis.pack_command(tuple(words)))
    assert b"".join(found) == sent, "a command was not written as an array of strings, or not whole"
    return found


def name(command: bytes) -> str:
    """The first word of a command, in capitals."""
    return command.split(b"\r\n", 3)[2].decode().upper()
