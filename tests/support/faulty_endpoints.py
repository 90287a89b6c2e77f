"""Addresses on 127.0.0.1 where no Redis answers, each in its own way."""

import socket
import threading
from contextlib import suppress
from typing import Self


class Refusing:
    """A port that is taken and refuses every connection."""

    def __enter__(self) -> Self:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"


class Silent(Refusing):
    """Accepts every connection and never answers."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._socket.listen(128)  # the kernel completes the handshake by itself
        return self


class Full(Refusing):
    """Takes no connection any more, and refuses none: who connects waits."""

    def __enter__(self) -> Self:
        super().__enter__()
        self._socket.listen(0)
        self._waiting = [socket.socket() for _ in range(2)]
        for client in self._waiting:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", self.port))
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._waiting:
            client.close()
        super().__exit__()


class Garbage(Silent):
    """Says the same to everybody who connects, whatever they send, and closes."""

    def __init__(self, words: bytes):
        self._words = words

    def __enter__(self) -> Self:
        super().__enter__()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()
        super().__exit__()

    def _talk(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                with client, suppress(OSError):
                    client.settimeout(10)
                    self._talk_to(client)

    def _talk_to(self, client: socket.socket) -> None:
        client.sendall(self._words)
        client.recv(1)
