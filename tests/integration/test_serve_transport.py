"""The ways to a Redis: unix socket, TLS with and without client certificates, and wrong ones."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.certificates import issue, make_authority
from support.faulty_endpoints import Garbage
from support.faulty_rig import HEALTHY, Outcome, configuration, fill, outcome
from support.servers import RealServer

NAME = "redis.example"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the keys and certificates of an authority, a server, a client, and another
    authority that signed none of these."""
    directory = tmp_path_factory.mktemp("tls")
    authority, _ = make_authority(directory), make_authority(directory, "other-ca")
    for owner, host in {"server": NAME, "client": "client.example"}.items():
        issue(authority, owner, f"DNS:{host}")
    return directory


@pytest.fixture
def start_tls(start_server: Callable, certificates: Path) -> Callable[..., RealServer]:
    """Starts a server that speaks TLS alone and asks clients for a certificate, or not."""

    def start(*, ask: bool) -> RealServer:
        files = ["--tls-cert-file", certificates / "server.pem"]
        files += ["--tls-key-file", certificates / "server.key"]
        files += ["--tls-ca-cert-file", certificates / "ca.pem"]
        options = [*map(str, files), "--tls-auth-clients", "yes" if ask else "no"]
        server: RealServer = start_server("redis-7.0", *options, tls=True)
        with server.client(
            ssl=True,
            ssl_ca_certs=str(certificates / "ca.pem"),
            ssl_certfile=str(certificates / "client.pem"),
            ssl_keyfile=str(certificates / "client.key"),
            ssl_check_hostname=False,
        ) as client:
            fill(client)
        return server

    return start


def outcomes(exporter: Callable, targets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What one exporter says of each of these, and its log."""
    config = configuration("")
    config["redis"] = [{"name": name, "timeout": "10s"} | keys for name, keys in targets.items()]
    process = exporter(config=config, until_ready=False)
    scrape = process.scrape()
    return {name: outcome(scrape, name) for name in targets} | {"log": process.log()}


BLIND = Outcome(0, set(), {})


def test_tls_server_is_read_when_its_certificate_is_right_and_not_otherwise(
    start_tls: Callable, certificates: Path, exporter: Callable
) -> None:
    server = start_tls(ask=False)
    ca, other = str(certificates / "ca.pem"), str(certificates / "other-ca.pem")
    ways = {
        "right": {"ca_file": ca, "server_name": NAME},
        "unverified": {"insecure_skip_verify": True},
        "wrong-ca": {"ca_file": other, "server_name": NAME},
        "system-ca": {"server_name": NAME},
        "wrong-name": {"ca_file": ca, "server_name": "other.example"},
        "no-name": {"ca_file": ca},
    }
    targets: dict[str, dict[str, Any]] = {
        name: {"url": server.url, "tls": tls} for name, tls in ways.items()
    }
    targets["no-tls"] = {"url": server.url.replace("rediss", "redis")}
    seen = outcomes(exporter, targets)
    log = seen.pop("log")
    good = ("right", "unverified")
    assert seen == {name: HEALTHY if name in good else BLIND for name in targets}
    said = {
        name: [line for line in log.splitlines() if "unreadable" in line and f"={name} " in line]
        for name in targets
    }
    assert {name: len(lines) for name, lines in said.items()} == {
        name: name not in good for name in targets
    }
    assert "certificate" in said["wrong-ca"][0]
    assert "certificate" in said["wrong-name"][0]


def test_server_without_tls_is_not_read_over_tls(redis7: RealServer, exporter: Callable) -> None:
    target = {"url": redis7.url.replace("redis:", "rediss:"), "timeout": "5s"}
    seen = outcomes(exporter, {"main": target})
    assert seen["main"] == BLIND
    assert "Traceback" not in seen["log"]
    assert "the port may not speak TLS" in seen["log"]


def test_server_that_speaks_tls_alone_is_named_as_such_to_a_plain_client(
    start_tls: Callable, exporter: Callable
) -> None:
    server = start_tls(ask=False)
    seen = outcomes(exporter, {"main": {"url": server.url.replace("rediss:", "redis:")}})
    assert seen["main"] == BLIND
    assert "write rediss:// in its url" in seen["log"]


def test_server_that_answers_a_tls_greeting_in_plain_text_is_named_as_such(
    exporter: Callable,
) -> None:
    with Garbage(b"-ERR Protocol error\r\n") as plain:
        url = plain.url.replace("redis:", "rediss:")
        seen = outcomes(exporter, {"main": {"url": url}})
    assert seen["main"] == BLIND
    assert "the port does not speak TLS" in seen["log"]


def test_server_that_asks_for_a_certificate_is_read_with_one(
    start_tls: Callable, certificates: Path, exporter: Callable
) -> None:
    server = start_tls(ask=True)
    tls = {"ca_file": str(certificates / "ca.pem"), "server_name": NAME}
    own = {
        "cert_file": str(certificates / "client.pem"),
        "key_file": str(certificates / "client.key"),
    }
    seen = outcomes(
        exporter,
        {
            "with": {"url": server.url, "tls": tls | own},
            "without": {"url": server.url, "tls": tls},
        },
    )
    assert (seen["with"], seen["without"]) == (HEALTHY, BLIND)


def test_unix_socket_is_read_and_its_absence_is_redis_up_0(
    start_server: Callable, exporter: Callable
) -> None:
    with tempfile.TemporaryDirectory() as directory:  # the path of a socket has to be short
        path = f"{directory}/redis.sock"
        server = start_server("redis-7.0", "--unixsocket", path)
        with server.client() as client:
            fill(client)
            client.swapdb(0, 2)
        targets = {
            "main": {"url": f"unix://{path}?db=2"},
            "other-db": {"url": f"unix://{path}"},
            "absent": {"url": f"unix://{directory}/absent.sock"},
            "file": {"url": f"unix://{__file__}"},
        }
        seen = outcomes(exporter, targets)
        log = seen.pop("log")
        assert seen == {"main": HEALTHY, "other-db": (1, set(), {}), "absent": BLIND, "file": BLIND}
        assert f"{directory}/absent.sock" in log
