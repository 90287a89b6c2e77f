"""An address is listened on, or one sentence says why not; nothing is left behind."""

import os
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from streamgauge.web.limits import TooFewFilesError, reserve_files
from streamgauge.web.listen import ListenError, listen, listen_all, systemd_listeners


@pytest.fixture
def directory():
    """A short path: that of a socket has to be."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:0", "localhost:0", ":0"])
def test_an_address_is_listened_on(address):
    listener = listen(address)
    family = listener.socket.family
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    with socket.create_connection((host, listener.socket.getsockname()[1])):
        pass
    assert listener.address.endswith(f":{listener.socket.getsockname()[1]}")
    listener.close()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("localhost", "write host:port"),
        ("localhost:", "write host:port"),
        ("localhost:x", "write host:port"),
        (":70000", "a port is at most 65535"),
        (":١", "write host:port"),
        ("::1:80", "[ipv6]:port"),
        ("http://localhost:80", "write host:port"),
        ("vsock://:80", "write host:port"),
        ("", "write host:port"),
        ("unix:", "unix:/path"),
        ("unknown.invalid:0", "cannot listen on unknown.invalid:0"),
        (f"{'a' * 100}.example:0", "cannot listen on a"),
        ("192.0.2.1:0", "cannot listen on 192.0.2.1:0: "),
        (f"unix:/tmp/{'a' * 200}", "too long"),
        ("unix:/absent/directory/socket", "No such file"),
    ],
)
def test_a_wrong_address_is_one_sentence(address, words):
    with pytest.raises(ListenError) as error:
        listen(address)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_unix_socket_is_for_owner_and_group_and_goes_when_closed(directory):
    path = directory / "web.sock"
    listener = listen(f"unix:{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert listener.address == f"unix:{path}"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    listener.close()
    assert not path.exists()


def test_a_socket_that_a_dead_process_left_is_replaced(directory):
    path = directory / "web.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    listener = listen(f"unix:{path}")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    listener.close()


def test_a_socket_that_somebody_listens_on_and_a_file_are_left_alone(directory):
    path, file = directory / "web.sock", directory / "file"
    file.write_text("mine")
    first = listen(f"unix:{path}")
    for address, words in ((path, "another process listens"), (file, "no socket")):
        with pytest.raises(ListenError) as error:
            listen(f"unix:{address}")
        assert words in str(error.value)
    assert file.read_text() == "mine"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    first.close()


def test_a_socket_of_somebody_else_stays_when_ours_is_closed(directory):
    path = directory / "web.sock"
    ours = listen(f"unix:{path}")
    path.rename(directory / "away")
    theirs = listen(f"unix:{path}")
    ours.close()
    assert path.exists()
    theirs.close()


def test_all_addresses_are_listened_on_or_none(directory):
    path = directory / "web.sock"
    with pytest.raises(ListenError):
        listen_all([f"unix:{path}", "127.0.0.1:0", "nowhere"])
    assert not path.exists()
    listeners = listen_all([f"unix:{path}", "127.0.0.1:0", "[::1]:0"])
    assert [listener.address.rpartition(":")[0] for listener in listeners[1:]] == [
        "127.0.0.1",
        "[::1]",
    ]
    for listener in listeners:
        listener.close()


def variables(count: int, pid: int | None = None) -> dict[str, str]:
    return {"LISTEN_PID": str(pid or os.getpid()), "LISTEN_FDS": str(count)}


def test_sockets_of_systemd_are_taken_over_once(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as passed:
        address = passed.getsockname()
        monkeypatch.setattr("streamgauge.web.listen._FIRST", passed.detach())
        environ = variables(1) | {"LISTEN_FDNAMES": "web", "OTHER": "1"}
        (listener,) = systemd_listeners(environ)
        assert listener.socket.getsockname() == address
        assert not listener.socket.get_inheritable()
        assert environ == {"OTHER": "1"}
        listener.close()


@pytest.mark.parametrize(
    "environ", [{}, {"LISTEN_FDS": "1"}, variables(1, pid=1), variables(0), variables(-1)]
)
def test_variables_of_systemd_that_are_not_for_this_process_are_one_sentence(environ):
    with pytest.raises(ListenError, match="systemd passed no socket"):
        systemd_listeners(environ)


def test_what_systemd_passed_must_be_a_listening_socket(monkeypatch, tmp_path):
    file = os.open(tmp_path / "file", os.O_CREAT)
    monkeypatch.setattr("streamgauge.web.listen._FIRST", file)
    with pytest.raises(ListenError, match="is no socket"):
        systemd_listeners(variables(1))
    os.close(file)
    monkeypatch.setattr("streamgauge.web.listen._FIRST", socket.socket().detach())
    with pytest.raises(ListenError, match="does not listen"):
        systemd_listeners(variables(1))


class OpenFiles:
    """Stands for the resource module: one limit."""

    RLIMIT_NOFILE, RLIM_INFINITY = 7, -1

    def __init__(self, soft: int, hard: int) -> None:
        self.limit = (soft, hard)

    def getrlimit(self, _which: int) -> tuple[int, int]:
        return self.limit

    def setrlimit(self, _which: int, limit: tuple[int, int]) -> None:
        self.limit = limit


@pytest.mark.parametrize(
    ("before", "after"),
    [((1024, 4096), (1024, 4096)), ((256, 4096), (640, 4096)), ((256, -1), (640, -1)),
     ((-1, -1), (-1, -1))],
)  # fmt: skip
def test_limit_of_open_files_is_raised_as_far_as_needed(monkeypatch, before, after):
    files = OpenFiles(*before)
    monkeypatch.setattr("streamgauge.web.limits.resource", files)
    reserve_files(512)
    assert files.limit == after


def test_more_connections_than_open_files_are_an_error(monkeypatch):
    monkeypatch.setattr("streamgauge.web.limits.resource", OpenFiles(256, 512))
    with pytest.raises(TooFewFilesError, match=r"512 connections need 640 open files.* is 512"):
        reserve_files(512)
