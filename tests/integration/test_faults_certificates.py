"""A Redis whose certificate is expired, or is swapped for another while it runs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.certificates import Certificate, issue, make_authority, openssl
from support.faulty_rig import CLASS_OF, HEALTHY, configuration, fill, outcome
from support.servers import RealServer

AUTHORITY = """
[ca]
default_ca = here
[here]
new_certs_dir = .
database = index.txt
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = names
copy_extensions = copy
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
"""


@pytest.fixture
def authority(tmp_path: Path) -> Certificate:
    return make_authority(tmp_path)


def issue_expired(authority: Certificate, name: str) -> Certificate:
    """A certificate that was valid on one day of 2020."""
    folder = authority.cert.parent
    (folder / "ca.cnf").write_text(AUTHORITY)
    (folder / "index.txt").write_text("")
    openssl(
        folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
    )  # fmt: skip
    openssl(
        folder, "ca", "-batch", "-config", "ca.cnf", "-cert", str(authority.cert),
        "-keyfile", str(authority.key), "-in", f"{name}.csr", "-out", f"{name}.pem", "-notext",
        "-startdate", "20200101000000Z", "-enddate", "20200102000000Z",
    )  # fmt: skip
    return Certificate(folder / f"{name}.pem", folder / f"{name}.key")


def start_tls(
    start_server: Callable, shown: Certificate, authority: Certificate
) -> tuple[RealServer, dict[str, Any]]:
    """A server with this certificate, and what a client without a doubt needs."""
    server = start_server(
        "redis-7.0", "--tls-cert-file", str(shown.cert), "--tls-key-file", str(shown.key),
        "--tls-ca-cert-file", str(authority.cert), "--tls-auth-clients", "no", tls=True,
    )  # fmt: skip
    return server, {"ssl": True, "ssl_cert_reqs": "none", "ssl_check_hostname": False}


def test_expired_certificate_is_redis_up_0_and_said(
    start_server: Callable, exporter: Callable, authority: Certificate
) -> None:
    server, _ = start_tls(start_server, issue_expired(authority, "old"), authority)
    config = configuration(server.url)
    config["redis"]["tls"] = {"ca_file": str(authority.cert)}
    process = exporter(config=config, until_ready=False)
    assert outcome(process.scrape()).up == 0
    assert "certificate has expired" in process.log()


def test_swapped_certificate_is_redis_up_0_until_it_is_trusted_again(
    start_server: Callable, exporter: Callable, authority: Certificate, tmp_path: Path
) -> None:
    right = issue(authority, "right", "IP:127.0.0.1")
    stranger = issue(make_authority(tmp_path, "stranger-ca"), "stranger", "IP:127.0.0.1")
    server, options = start_tls(start_server, right, authority)
    config = configuration(server.url)
    config["redis"]["tls"] = {"ca_file": str(authority.cert)}
    with server.client(**options) as client:
        fill(client)
        process = exporter(config=config)
        assert outcome(process.scrape_until_known(*CLASS_OF)) == HEALTHY
        for shown, up in ((stranger, 0), (right, 1)):
            files = ["tls-cert-file", str(shown.cert), "tls-key-file", str(shown.key)]
            client.execute_command("CONFIG", "SET", *files)
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            assert outcome(process.scrape()).up == up
    assert outcome(process.scrape()) == HEALTHY
    assert "certificate verify failed" in process.log()
