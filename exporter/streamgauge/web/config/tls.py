"""From `tls_server_config` to an ssl.SSLContext."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from streamgauge.config.problems import RefusedError

VERSIONS: Final = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}

CIPHER_SUITES: Final = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
"""Go's names of the secure TLS 1.2 suites, and OpenSSL's names of the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """What the file says of TLS; cipher suites by Go's names, none for OpenSSL's own choice."""

    cert_file: str
    key_file: str
    client_auth: ssl.VerifyMode
    client_ca_file: str | None
    min_version: ssl.TLSVersion
    max_version: ssl.TLSVersion
    cipher_suites: Sequence[str]
    prefer_server_cipher_suites: bool


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """Build the context; RefusedError names the key whose file cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = settings.min_version
    context.maximum_version = settings.max_version
    context.set_alpn_protocols(["http/1.1"])
    if not settings.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    if settings.cipher_suites:
        _set_ciphers(context, settings.cipher_suites)
    _load_certificate(context, settings)
    if settings.client_ca_file is not None:
        _load_client_ca(context, settings.client_ca_file)
    context.verify_mode = settings.client_auth
    return context


def _set_ciphers(context: ssl.SSLContext, names: Sequence[str]) -> None:
    try:
        context.set_ciphers(":".join(CIPHER_SUITES[name] for name in names))
    except ssl.SSLError:
        raise RefusedError("none of these is in this OpenSSL", "cipher_suites") from None


def _load_certificate(context: ssl.SSLContext, settings: TlsSettings) -> None:
    cert_file, key_file = settings.cert_file, settings.key_file

    def refuse_passphrase() -> str:  # without it, OpenSSL would ask on the terminal
        raise RefusedError(
            f"cannot use {key_file!r}: the key is encrypted, allowed: one without a passphrase",
            "key_file",
        )

    try:
        context.load_cert_chain(cert_file, key_file, refuse_passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise RefusedError(
                f"the key in {key_file!r} does not belong to the certificate in {cert_file!r}",
                "key_file",
            ) from None
        if not _holds_certificate(cert_file):
            raise RefusedError(_no_certificate(cert_file), "cert_file") from None
        raise RefusedError(_no_key(key_file, error.reason), "key_file") from None
    except OSError as error:  # it could be read a moment ago
        raise RefusedError(f"cannot be read: {error.strerror}", "cert_file") from None


def _holds_certificate(file: str) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except (OSError, ssl.SSLError):
        return False
    return True


def _no_certificate(file: str) -> str:
    return f"cannot use {file!r}: it holds no certificate in PEM format"


def _no_key(file: str, reason: str | None) -> str:
    if reason in (None, "PEM_LIB", "NO_START_LINE"):
        return f"cannot use {file!r}: it holds no private key in PEM format"
    return f"cannot use {file!r}: OpenSSL says {reason}"


def _load_client_ca(context: ssl.SSLContext, file: str) -> None:
    try:
        context.load_verify_locations(file)
    except (OSError, ssl.SSLError):
        raise RefusedError(_no_certificate(file), "client_ca_file") from None


def san_text(value: str) -> str:
    """A subject alternative name in one spelling: IPv6 addresses are written in several."""
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        return value


def alternative_names(certificate: ssl.SSLObject | None) -> frozenset[str]:
    """The DNS names, addresses, e-mail addresses and URIs of the certificate a client has shown."""
    shown = certificate.getpeercert() if certificate is not None else None
    names: Sequence[tuple[str, str]] = (shown or {}).get("subjectAltName", ())  # type: ignore[assignment]
    kinds = ("DNS", "IP Address", "email", "URI")
    return frozenset(san_text(name) for kind, name in names if kind in kinds)
