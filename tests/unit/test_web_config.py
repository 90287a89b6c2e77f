# ruff: noqa: E501  (each sentence stands on one line, as the user reads it)
"""A web config file means what exporter-toolkit says, or every mistake is told and no secret."""

import ssl
import textwrap
from pathlib import Path

import pytest

from streamgauge.config import ConfigError
from streamgauge.web.config import load_web_config, named_files
from support.certificates import Certificate, issue, make_authority, openssl

HASH = "$2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze"
OTHER = "$2b$04$SZyOVJkDz6r/4qN5w/q9heYSQxpCJCB4g4mcmeZBDMXmTvzoxM0uW"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """An authority, beside which `server` and `other` stand, and `locked.key` with a passphrase."""
    authority = make_authority(tmp_path_factory.mktemp("tls"))
    for name in ("server", "other"):
        issue(authority, name, f"DNS:{name}.example")
    openssl(
        authority.cert.parent,
        "pkey",
        "-in",
        "server.key",
        "-aes256",
        "-passout",
        "pass:x",
        "-out",
        "locked.key",
    )
    (authority.cert.parent / "rubbish.pem").write_text("-----BEGIN CERTIFICATE-----\nx\n")
    return authority


@pytest.fixture
def load(ca, tmp_path):
    """Loads a file that stands beside the certificates, so that it may name them without a path."""

    def load_text(text: str):
        path = ca.cert.parent / "web.yml"
        path.write_text(textwrap.dedent(text))
        return load_web_config(path)

    return load_text


@pytest.fixture
def problems(load, ca):
    def problems_of(text: str) -> list[str]:
        with pytest.raises(ConfigError) as error:
            load(text)
        folder = str(ca.cert.parent)
        return [str(problem).replace(folder, "DIR") for problem in error.value.problems]

    return problems_of


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\n",
     "tls_server_config: {}\nhttp_server_config: {headers: }\nbasic_auth_users: {}\n"],
)  # fmt: skip
def test_an_empty_file_is_no_tls_no_users_and_no_headers(load, text):
    config = load(text)
    assert (config.tls, dict(config.users), dict(config.headers)) == (None, {}, {})


def test_users_and_headers_are_what_the_file_says(load):
    config = load(f"""
        basic_auth_users: {{alice: {HASH}, "7": {OTHER}, jürgen o'x: {OTHER}}}
        http_server_config:
          http2: false
          headers:
            Content-Security-Policy: default-src 'self'
            X-Frame-Options: deny
            X-Content-Type-Options: nosniff
            X-XSS-Protection: ""
            Strict-Transport-Security: max-age=1
    """)
    users = {name: hash_.get_secret_value() for name, hash_ in config.users.items()}
    assert users == {"alice": HASH, "7": OTHER, "jürgen o'x": OTHER}
    assert dict(config.headers) == {
        "Content-Security-Policy": "default-src 'self'",
        "X-Frame-Options": "deny",
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=1",
    }
    assert HASH not in repr(config)


def test_tls_is_1_2_and_newer_without_client_certificates_unless_the_file_says_more(load):
    config = load("tls_server_config: {cert_file: server.pem, key_file: server.key}")
    context = config.tls.context
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.maximum_version is ssl.TLSVersion.TLSv1_3
    assert context.verify_mode is ssl.CERT_NONE
    assert context.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert config.tls.allowed_sans == frozenset()


def test_every_setting_of_tls_takes_effect(load):
    config = load("""
        tls_server_config:
          cert_file: server.pem
          key_file: server.key
          client_auth_type: RequireAndVerifyClientCert
          client_ca_file: ca.pem
          client_allowed_sans: [prometheus.example, "0:0::1"]
          min_version: TLS12
          max_version: TLS12
          cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]
          prefer_server_cipher_suites: false
    """)
    context = config.tls.context
    assert context.maximum_version is ssl.TLSVersion.TLSv1_2
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1
    assert not context.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert [c["name"] for c in context.get_ciphers() if c["protocol"] != "TLSv1.3"] == [
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-CHACHA20-POLY1305",
    ]
    assert config.tls.allowed_sans == {"prometheus.example", "::1"}


def test_a_certificate_is_verified_where_one_is_given(load):
    config = load(
        "tls_server_config: {cert_file: server.pem, key_file: server.key, "
        "client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem}"
    )
    assert config.tls.context.verify_mode is ssl.CERT_OPTIONAL


PAIR = "cert_file: server.pem, key_file: server.key"
MISTAKES = {
    "form": ("tls_server_config: x\nhttp_server_config: [1]\nbasic_auth_users: [alice]\n", [
        "tls_server_config (line 1): found text, allowed: a mapping",
        "http_server_config (line 2): found a list, allowed: a mapping",
        "basic_auth_users (line 3): found a list, allowed: a mapping",
    ]),
    "unknown keys": ("tls_config: {}\nhttp_server_config: {http: 2, headers: {X-Frame-Option: deny}}\n", [
        "tls_config (line 1): unknown key, allowed: tls_server_config, http_server_config, basic_auth_users; did you mean 'tls_server_config'?",
        "http_server_config.headers.X-Frame-Option (line 2): unknown key, allowed: Content-Security-Policy, X-Frame-Options, X-Content-Type-Options, X-XSS-Protection, Strict-Transport-Security; did you mean 'X-Frame-Options'?",
        "http_server_config.http (line 2): unknown key, allowed: http2, headers; did you mean 'http2'?",
    ]),
    "http": ('http_server_config:\n  http2: true\n  headers: {X-Frame-Options: DENY, X-Content-Type-Options: 1, X-XSS-Protection: "a\\nb"}\n', [
        "http_server_config.http2 (line 2): HTTP/2 is not supported; write false or remove it",
        "http_server_config.headers.X-Frame-Options (line 3): found 'DENY', allowed: deny, sameorigin; did you mean 'deny'?",
        "http_server_config.headers.X-Content-Type-Options (line 3): found 1, allowed: text",
        "http_server_config.headers.X-XSS-Protection (line 3): found 'a\\nb', allowed: one line of Latin-1 text",
    ]),
    "not supported": (f"tls_server_config:\n  {{{PAIR}, curve_preferences: [X25519], cert: x, key: y, client_ca: z}}\nrate_limit: {{burst: 1}}\n", [
        "tls_server_config.curve_preferences (line 2): not supported: Python cannot choose curves; remove it, and OpenSSL chooses",
        "tls_server_config.cert (line 2): not supported: put it in a file and name that in cert_file",
        "tls_server_config.key (line 2): not supported: put it in a file and name that in key_file",
        "tls_server_config.client_ca (line 2): not supported: put it in a file and name that in client_ca_file",
        "rate_limit (line 3): not supported; remove it: --web.max-connections bounds what clients can take",
    ]),
    "half a certificate": ("tls_server_config: {min_version: TLS12}\n", [
        "tls_server_config.cert_file (line 1): missing",
        "tls_server_config.key_file (line 1): missing",
    ]),
    "versions": (f"tls_server_config: {{{PAIR}, min_version: TLS10, max_version: TLS14}}\n", [
        "tls_server_config.min_version (line 1): TLS10 is not supported: it is not secure, allowed: TLS12, TLS13",
        "tls_server_config.max_version (line 1): found 'TLS14', allowed: TLS12, TLS13",
    ]),
    "no version": (f"tls_server_config: {{{PAIR}, min_version: TLS13, max_version: TLS12}}\n", [
        "tls_server_config.max_version (line 1): found TLS12, which is below min_version TLS13",
    ]),
    "cipher of 1.3": (f"tls_server_config: {{{PAIR}, cipher_suites: [TLS_AES_128_GCM_SHA256]}}\n", [
        "tls_server_config.cipher_suites[0] (line 1): found 'TLS_AES_128_GCM_SHA256': those of TLS 1.3 cannot be chosen, all of them are on; remove it",
    ]),
    "cipher without effect": (f"tls_server_config: {{{PAIR}, min_version: TLS13, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}}\n", [
        "tls_server_config.cipher_suites (line 1): chooses among those of TLS 1.2, which min_version excludes",
    ]),
    "unverified": (f"tls_server_config: {{{PAIR}, client_auth_type: RequestClientCert}}\n", [
        "tls_server_config.client_auth_type (line 1): RequestClientCert is not supported: it takes certificates that nobody verifies; use VerifyClientCertIfGiven",
    ]),
    "unverified and required": (f"tls_server_config: {{{PAIR}, client_auth_type: RequireAnyClientCert}}\n", [
        "tls_server_config.client_auth_type (line 1): RequireAnyClientCert is not supported: it takes certificates that nobody verifies; use RequireAndVerifyClientCert",
    ]),
    "client auth": (f"tls_server_config: {{{PAIR}, client_auth_type: Verify}}\n", [
        "tls_server_config.client_auth_type (line 1): found 'Verify', allowed: NoClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
    ]),
    "no authority": (f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert}}\n", [
        "tls_server_config.client_ca_file (line 1): missing; it holds the authority that client certificates are from",
    ]),
    "authority in vain": (f"tls_server_config: {{{PAIR}, client_ca_file: ca.pem}}\n", [
        "tls_server_config.client_ca_file (line 1): given, but client_auth_type asks for no certificate; write client_auth_type: RequireAndVerifyClientCert",
    ]),
    "names in vain": (f"tls_server_config: {{{PAIR}, client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem, client_allowed_sans: [x]}}\n", [
        "tls_server_config.client_allowed_sans (line 1): needs client_auth_type: RequireAndVerifyClientCert",
    ]),
    "nobody allowed": (f"tls_server_config: {{{PAIR}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.pem, client_allowed_sans: []}}\n", [
        "tls_server_config.client_allowed_sans (line 1): found an empty list, which allows nobody; remove it",
    ]),
    "absent files": ("tls_server_config: {cert_file: absent.pem, key_file: absent.key}\n", [
        "tls_server_config.cert_file (line 1): cannot read 'DIR/absent.pem': No such file or directory",
        "tls_server_config.key_file (line 1): cannot read 'DIR/absent.key': No such file or directory",
    ]),
    "another key": ("tls_server_config: {cert_file: server.pem, key_file: other.key}\n", [
        "tls_server_config.key_file (line 1): the key in 'DIR/other.key' does not belong to the certificate in 'DIR/server.pem'",
    ]),
    "locked key": ("tls_server_config: {cert_file: server.pem, key_file: locked.key}\n", [
        "tls_server_config.key_file (line 1): cannot use 'DIR/locked.key': the key is encrypted, allowed: one without a passphrase",
    ]),
    "files the wrong way round": ("tls_server_config: {cert_file: server.key, key_file: server.pem}\n", [
        "tls_server_config.cert_file (line 1): cannot use 'DIR/server.key': it holds no certificate in PEM format",
    ]),
    "no key": ("tls_server_config: {cert_file: server.pem, key_file: server.pem}\n", [
        "tls_server_config.key_file (line 1): cannot use 'DIR/server.pem': it holds no private key in PEM format",
    ]),
    "rubbish": ("tls_server_config: {cert_file: rubbish.pem, key_file: server.key}\n", [
        "tls_server_config.cert_file (line 1): cannot use 'DIR/rubbish.pem': it holds no certificate in PEM format",
    ]),
    "rubbish for an authority": (f"tls_server_config: {{{PAIR}, client_auth_type: VerifyClientCertIfGiven, client_ca_file: server.key}}\n", [
        "tls_server_config.client_ca_file (line 1): cannot use 'DIR/server.key': it holds no certificate in PEM format",
    ]),
    "cost": (f"basic_auth_users: {{alice: {HASH.replace('$10$', '$31$')}}}\n", [
        "basic_auth_users.alice (line 1): found a hash of cost 31, allowed: 4 to 18",
    ]),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_every_mistake_is_told(problems, name):
    text, expected = MISTAKES[name]
    assert problems(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "basic_auth_users: {alice: hunter2}",
        "basic_auth_users: {alice: [hunter2]}",
        "basic_auth_users: {alice: {password: hunter2}}",
        "basic_auth_users: alice:hunter2",
        "basic_auth_users: [alice:hunter2]",
        "basic_auth_users: {alice:hunter2}",
        "basic_auth_users: {alice:hunter2, alice:hunter2}",
        "basic_auth_users: {'alice:hunter2': }",
        "basic_auth_users:\n  alice:hunter2\n  bob: x\n",
        "basic_auth_users: {alice: *hunter2}",
        "basic_auth_users: {$2y$10$hunter2: alice}",
        "$2y$10$hunter2: alice",
        "alice:hunter2: x",
        "tls_server_config: {key: hunter2}",
        "tls_server_config: hunter2",
    ],
)
def test_no_secret_is_in_a_mistake(problems, text):
    said = problems(text)
    assert said
    assert "hunter2" not in "\n".join(said)


def test_a_hash_that_is_none_says_how_to_make_one(problems):
    (said,) = problems("basic_auth_users: {alice: hunter2}")
    assert said.startswith("basic_auth_users.alice (line 1): not a bcrypt hash; make one with: ")


def test_files_to_watch_are_those_the_file_names_even_when_they_are_absent(tmp_path: Path):
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config: {cert_file: a.pem, key_file: /b/c.key, client_ca_file: 3}")
    assert list(named_files(path)) == [path, tmp_path / "a.pem", Path("/b/c.key")]
    path.write_text("[")
    assert list(named_files(path)) == [path]
