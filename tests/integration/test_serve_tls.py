"""TLS as the web config file says: versions, client certificates, and certificates that change."""

import http.client
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from support.certificates import Certificate, issue, make_authority
from support.exporter import ExporterProcess
from support.faulty_rig import CLASS_OF, configuration, fill
from support.metrics import Scrape
from support.servers import RealServer

NOWHERE = "--redis.url=redis://127.0.0.1:1"
SERVER = "tls_server_config: {cert_file: server.pem, key_file: server.key"
VERIFIED = f"{SERVER}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem"


class Pki(NamedTuple):
    """A directory, and in it an authority with its certificates, and another authority's."""

    directory: Path
    authority: Certificate
    client: Certificate
    other_client: Certificate
    stranger: Certificate


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    directory = tmp_path_factory.mktemp("tls")
    authority, other = make_authority(directory), make_authority(directory, "other-ca")
    issue(authority, "server", "IP:127.0.0.1")
    return Pki(
        directory,
        authority,
        issue(authority, "client", "DNS:prometheus.example", "IP:::1"),
        issue(authority, "other-client", "DNS:prometheus.example.org", "URI:spiffe://other"),
        issue(other, "stranger", "DNS:prometheus.example"),
    )


@pytest.fixture
def serve(pki: Pki, exporter: Callable) -> Callable[..., ExporterProcess]:
    """Starts an exporter with a web config file of this text, beside the certificates."""

    def start(text: str, **options: object) -> ExporterProcess:
        file = pki.directory / "web.yml"
        file.write_text(text)
        arguments = [] if "config" in options else [NOWHERE]
        return exporter(f"--web.config.file={file}", *arguments, until_ready=False, **options)

    return start


def trusting(pki: Pki, certificate: Certificate | None = None) -> ssl.SSLContext:
    """What a client needs that trusts the authority and has this certificate."""
    context = ssl.create_default_context(cafile=pki.authority.cert)
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context


def get(process: ExporterProcess, context: ssl.SSLContext, path: str = "/-/healthy") -> bytes:
    """The body of a page that is answered by 200."""
    connection = http.client.HTTPSConnection("127.0.0.1", process.port, timeout=30, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()
    finally:
        connection.close()


def serial(process: ExporterProcess, context: ssl.SSLContext) -> str:
    """The serial number of the certificate that the exporter shows."""
    connection = http.client.HTTPSConnection("127.0.0.1", process.port, timeout=30, context=context)
    connection.connect()
    try:
        return connection.sock.getpeercert()["serialNumber"]
    finally:
        connection.close()


def test_metrics_are_scraped_over_tls(pki: Pki, serve: Callable, redis7: RealServer) -> None:
    with redis7.client() as client:
        fill(client)
    process = serve(f"{SERVER}}}", config=configuration(redis7.url))
    scrape = Scrape(get(process, trusting(pki), "/metrics").decode())
    assert scrape.by("redis_up", "redis") == {("main",): 1}
    assert scrape.streams() <= set(CLASS_OF)
    assert "TLS is enabled" in process.log()


def test_plain_http_and_old_versions_are_turned_away(pki: Pki, serve: Callable) -> None:
    process = serve(f"{SERVER}, min_version: TLS13}}")
    old = trusting(pki)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        get(process, old)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        process.get("/-/healthy")
    assert get(process, trusting(pki))
    assert "Traceback" not in process.log()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_without_a_certificate_of_the_authority_is_turned_away(
    pki: Pki, serve: Callable, version: ssl.TLSVersion
) -> None:
    process = serve(f"{VERIFIED}}}")

    def with_version(certificate: Certificate | None) -> ssl.SSLContext:
        context = trusting(pki, certificate)
        context.minimum_version = context.maximum_version = version
        return context

    for certificate in (None, pki.stranger):
        with pytest.raises((OSError, http.client.HTTPException)):
            get(process, with_version(certificate))
    assert get(process, with_version(pki.client))
    assert "Traceback" not in process.log()


def test_certificate_is_verified_only_if_given_where_the_file_says_so(
    pki: Pki, serve: Callable
) -> None:
    process = serve(VERIFIED.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven") + "}")
    assert get(process, trusting(pki))
    assert get(process, trusting(pki, pki.client))
    with pytest.raises((OSError, http.client.HTTPException)):
        get(process, trusting(pki, pki.stranger))


@pytest.mark.parametrize("name", ["prometheus.example", "::1", "0:0:0:0:0:0:0:1"])
def test_only_clients_with_an_allowed_name_are_answered(
    pki: Pki, serve: Callable, name: str
) -> None:
    process = serve(f"{VERIFIED}, client_allowed_sans: [other, '{name}']}}")
    assert get(process, trusting(pki, pki.client))
    with pytest.raises((OSError, http.client.HTTPException)):
        get(process, trusting(pki, pki.other_client))
    process.write_config({})
    assert "Traceback" not in process.log()


def test_uri_is_a_name_as_well(pki: Pki, serve: Callable) -> None:
    process = serve(f"{VERIFIED}, client_allowed_sans: ['spiffe://other']}}")
    assert get(process, trusting(pki, pki.other_client))
    with pytest.raises((OSError, http.client.HTTPException)):
        get(process, trusting(pki, pki.client))


def test_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not(
    pki: Pki, serve: Callable
) -> None:
    process, context = serve(f"{SERVER}}}"), trusting(pki)
    kept = http.client.HTTPSConnection("127.0.0.1", process.port, timeout=30, context=context)
    kept.request("GET", "/-/healthy")
    kept.getresponse().read()
    first = serial(process, context)
    issue(pki.authority, "server", "IP:127.0.0.1")
    second = serial(process, context)
    (pki.directory / "server.key").write_text("rubbish")
    third = serial(process, context)
    issue(pki.authority, "server", "IP:127.0.0.1")
    fourth = serial(process, context)
    assert first != second == third != fourth
    kept.request("GET", "/-/healthy")
    assert kept.getresponse().status == 200
    kept.close()
    assert process.log().count("level=error") == 1


def test_client_certificates_can_be_required_without_a_restart(pki: Pki, serve: Callable) -> None:
    process = serve(f"{SERVER}}}")
    assert get(process, trusting(pki))
    new = pki.directory / "new.yml"
    new.write_text(f"{VERIFIED}}}")
    new.replace(pki.directory / "web.yml")
    with pytest.raises((OSError, http.client.HTTPException)):
        get(process, trusting(pki))
    assert get(process, trusting(pki, pki.client))
