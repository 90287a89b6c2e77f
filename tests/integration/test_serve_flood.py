"""A flood of slow clients, of any kind, never stops Prometheus from scraping."""

import base64
import http.client
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import pytest

from support.certificates import issue, make_authority
from support.exporter import ExporterProcess
from support.faulty_rig import CLASS_OF, HEALTHY, configuration, fill, outcome
from support.metrics import Scrape
from support.polling import wait_for
from support.servers import RealServer

MOST = 100
SCRAPES = 10
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
KINDS = {
    "silent": b"",
    "half-sent": REQUEST,
    "idle": b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n",
    "unread": REQUEST + b"\r\n",
}


class Flood:
    """Keeps more connections open than the exporter allows, and opens another for each it loses."""

    def __init__(self, port: int, sent: bytes) -> None:
        self._address = ("127.0.0.1", port)
        self._sent = sent
        self._selector = selectors.DefaultSelector()
        self.opened = 0
        self.failure: OSError | None = None

    def keep_up(self, stopped: threading.Event) -> None:
        try:
            while not stopped.is_set():
                while len(self._selector.get_map()) < MOST + MOST // 4:
                    self._connect()
                for key, _ in self._selector.select(0.02):
                    self._read_a_byte(key.fileobj)  # type: ignore[arg-type]
        except OSError as error:
            self.failure = error
        finally:
            for key in list(self._selector.get_map().values()):
                key.fileobj.close()  # type: ignore[union-attr]
            self._selector.close()

    def _connect(self) -> None:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        client.settimeout(30)
        self.opened += 1
        try:
            client.connect(self._address)
            client.sendall(self._sent)
        except ConnectionError:
            client.close()
            return
        client.setblocking(False)
        self._selector.register(client, selectors.EVENT_READ)

    def _read_a_byte(self, client: socket.socket) -> None:
        try:
            ended = not client.recv(1)
        except BlockingIOError:
            return
        except ConnectionError:
            ended = True
        if ended:
            self._selector.unregister(client)
            client.close()


@contextmanager
def flooded(process: ExporterProcess, sent: bytes) -> Iterator[Flood]:
    flood, stopped = Flood(process.port, sent), threading.Event()
    thread = threading.Thread(target=flood.keep_up, args=(stopped,))
    thread.start()
    try:
        wait_for(lambda: flood.failure or flood.opened > 2 * MOST, "the flood is there")
        yield flood
    finally:
        stopped.set()
        thread.join(60)
    assert flood.failure is None


@pytest.fixture
def redis(redis7: RealServer) -> RealServer:
    with redis7.client() as client:
        fill(client)
    return redis7


@pytest.mark.parametrize("kind", KINDS)
def test_scrapes_succeed_while_slow_clients_hold_every_connection(
    redis: RealServer, exporter: Callable, kind: str
) -> None:
    process = exporter(f"--web.max-connections={MOST}", config=configuration(redis.url))
    process.scrape_until_known(*CLASS_OF)
    kept = http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)
    with flooded(process, KINDS[kind]) as flood:
        for _ in range(SCRAPES):
            assert outcome(process.scrape()) == HEALTHY
            assert outcome(scrape_again(kept)) == HEALTHY
        assert flood.opened > MOST
    kept.close()
    assert outcome(process.scrape()) == HEALTHY
    assert "Traceback" not in process.log()
    assert 1 <= process.log().count("too many open connections") <= 2
    assert process.stop() == 0


def scrape_again(connection: http.client.HTTPConnection) -> Scrape:
    """A scrape as Prometheus sends it: on the old connection, if it stands, else on a new one."""
    try:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
    except (ConnectionError, http.client.RemoteDisconnected):
        connection.close()
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
    return Scrape(answer.read().decode())


def test_scrapes_over_tls_with_a_password_succeed_during_handshakes_that_do_not_end(
    redis: RealServer, exporter: Callable, tmp_path: Path
) -> None:
    authority = make_authority(tmp_path)
    issue(authority, "server", "IP:127.0.0.1")
    hash_ = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(10)).decode()
    file = tmp_path / "web.yml"
    file.write_text(
        "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
        f"basic_auth_users: {{prometheus: {hash_}}}\n"
    )
    process = exporter(
        f"--web.max-connections={MOST}", f"--web.config.file={file}",
        config=configuration(redis.url), until_ready=False,
    )  # fmt: skip
    context = ssl.create_default_context(cafile=authority.cert)
    login = base64.b64encode(b"prometheus:open sesame").decode()

    def scrape() -> Scrape:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", process.port, timeout=30, context=context
        )
        connection.request("GET", "/metrics", headers={"Authorization": f"Basic {login}"})
        answer = connection.getresponse()
        assert answer.status == 200
        text = answer.read().decode()
        connection.close()
        return Scrape(text)

    with flooded(process, b"\x16\x03\x01"):
        wait_for(lambda: set(CLASS_OF) <= scrape().streams(), "streams are found")
        assert [outcome(scrape()) for _ in range(SCRAPES)] == [HEALTHY] * SCRAPES
    assert "Traceback" not in process.log()
    assert process.stop() == 0
