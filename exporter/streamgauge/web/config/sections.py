"""The sections of a web config file as the file spells them."""

from __future__ import annotations

import re
import ssl
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from streamgauge.config.problems import RefusedError, choose_from, found
from streamgauge.config.values import EMPTY_SECTION, Flag, MaybeFile, Section, Text
from streamgauge.web.config.model import Tls, WebConfig
from streamgauge.web.config.tls import (
    CIPHER_SUITES,
    VERSIONS,
    TlsSettings,
    san_text,
    server_context,
)

_CLIENT_AUTH: Final = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_UNVERIFIED_CLIENT_AUTH: Final = {
    "RequestClientCert": "VerifyClientCertIfGiven",
    "RequireAnyClientCert": "RequireAndVerifyClientCert",
    "RequireClientCert": "RequireAndVerifyClientCert",
}
"""What takes certificates that nobody verifies, which Python cannot do, and what to use instead."""

_BCRYPT: Final = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
_COSTS: Final = range(4, 19)
_HEADER_TEXT: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")


def _refused(sentence: str) -> BeforeValidator:
    def refuse(_: object) -> object:
        raise RefusedError(sentence)

    return BeforeValidator(refuse)


def _inline(key: str) -> BeforeValidator:
    return _refused(f"not supported: put it in a file and name that in {key}_file")


def _client_auth(value: object) -> ssl.VerifyMode:
    if isinstance(value, str) and value in _CLIENT_AUTH:
        return _CLIENT_AUTH[value]
    if isinstance(value, str) and value in _UNVERIFIED_CLIENT_AUTH:
        raise RefusedError(
            f"{value} is not supported: it takes certificates that nobody verifies; "
            f"use {_UNVERIFIED_CLIENT_AUTH[value]}"
        )
    raise RefusedError(choose_from(value, _CLIENT_AUTH))


def _version(value: object) -> ssl.TLSVersion:
    if isinstance(value, str) and value in VERSIONS:
        return VERSIONS[value]
    if value in ("TLS10", "TLS11"):
        raise RefusedError(f"{value} is not supported: it is not secure, allowed: TLS12, TLS13")
    raise RefusedError(choose_from(value, VERSIONS))


def _cipher_suite(value: object) -> str:
    if isinstance(value, str) and value in CIPHER_SUITES:
        return value
    if isinstance(value, str) and value.startswith("TLS_") and "_WITH_" not in value:
        raise RefusedError(
            f"found {found(value)}: those of TLS 1.3 cannot be chosen, all of them are on; "
            "remove it"
        )
    raise RefusedError(choose_from(value, CIPHER_SUITES))


class TlsServerSection(Section):
    """`tls_server_config`; a field without a type is there to say why it is refused."""

    cert_file: MaybeFile
    key_file: MaybeFile
    client_auth_type: Annotated[ssl.VerifyMode, PlainValidator(_client_auth)] = ssl.CERT_NONE
    client_ca_file: Annotated[MaybeFile, Field(validate_default=True)] = None
    client_allowed_sans: tuple[Text, ...] = ()
    min_version: Annotated[ssl.TLSVersion, PlainValidator(_version)] = ssl.TLSVersion.TLSv1_2
    max_version: Annotated[ssl.TLSVersion, PlainValidator(_version)] = ssl.TLSVersion.TLSv1_3
    cipher_suites: tuple[Annotated[str, PlainValidator(_cipher_suite)], ...] = ()
    prefer_server_cipher_suites: Flag = True
    curve_preferences: Annotated[
        None,
        _refused("not supported: Python cannot choose curves; remove it, and OpenSSL chooses"),
    ] = None
    cert: Annotated[None, _inline("cert")] = None
    key: Annotated[None, _inline("key")] = None
    client_ca: Annotated[None, _inline("client_ca")] = None

    @field_validator("client_ca_file", mode="wrap")
    @classmethod
    def _given_where_it_is_used(
        cls, value: object, check: object, info: ValidationInfo
    ) -> str | None:
        client_auth = info.data.get("client_auth_type")
        if value is None and client_auth in (ssl.CERT_OPTIONAL, ssl.CERT_REQUIRED):
            raise RefusedError("missing; it holds the authority that client certificates are from")
        if value is not None and client_auth is ssl.CERT_NONE:
            raise RefusedError(
                "given, but client_auth_type asks for no certificate; "
                "write client_auth_type: RequireAndVerifyClientCert"
            )
        return None if value is None else str(check(value))  # type: ignore[operator]

    @field_validator("client_allowed_sans")
    @classmethod
    def _every_client_has_one(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if info.data.get("client_auth_type", ssl.CERT_REQUIRED) is not ssl.CERT_REQUIRED:
            raise RefusedError("needs client_auth_type: RequireAndVerifyClientCert")
        if not names:
            raise RefusedError("found an empty list, which allows nobody; remove it")
        return names

    @field_validator("max_version")
    @classmethod
    def _not_below_the_lowest(cls, version: ssl.TLSVersion, info: ValidationInfo) -> ssl.TLSVersion:
        if version < info.data.get("min_version", version):
            raise RefusedError("found TLS12, which is below min_version TLS13")
        return version

    @field_validator("cipher_suites")
    @classmethod
    def _has_an_effect(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if names and info.data.get("min_version") is ssl.TLSVersion.TLSv1_3:
            raise RefusedError("chooses among those of TLS 1.2, which min_version excludes")
        return names

    def tls(self) -> Tls:
        """Load the certificates; raises RefusedError."""
        context = server_context(
            TlsSettings(
                cert_file=str(self.cert_file),
                key_file=str(self.key_file),
                client_auth=self.client_auth_type,
                client_ca_file=self.client_ca_file,
                min_version=self.min_version,
                max_version=self.max_version,
                cipher_suites=self.cipher_suites,
                prefer_server_cipher_suites=self.prefer_server_cipher_suites,
            )
        )
        return Tls(context=context, allowed_sans=frozenset(map(san_text, self.client_allowed_sans)))


def _no_http2(value: object) -> bool:
    if value is True:
        raise RefusedError("HTTP/2 is not supported; write false or remove it")
    if value is not False:
        raise RefusedError(choose_from(value, ("false",)))
    return False


def _header(*allowed: str) -> PlainValidator:
    def check(value: object) -> str | None:
        if not isinstance(value, str):
            raise RefusedError(f"found {found(value)}, allowed: text")
        if value and allowed and value not in allowed:
            raise RefusedError(choose_from(value, allowed))
        if not _HEADER_TEXT.fullmatch(value):
            raise RefusedError(f"found {found(value)}, allowed: one line of Latin-1 text")
        return value.strip()

    return PlainValidator(check)


class HeadersSection(Section):
    """`http_server_config.headers`; one that is empty is not sent."""

    csp: Annotated[str, _header()] = Field(default="", alias="Content-Security-Policy")
    frame: Annotated[str, _header("deny", "sameorigin")] = Field(
        default="", alias="X-Frame-Options"
    )
    content_type: Annotated[str, _header("nosniff")] = Field(
        default="", alias="X-Content-Type-Options"
    )
    xss: Annotated[str, _header()] = Field(default="", alias="X-XSS-Protection")
    hsts: Annotated[str, _header()] = Field(default="", alias="Strict-Transport-Security")

    def headers(self) -> dict[str, str]:
        """The headers to add, by name."""
        return {name: value for name, value in self.model_dump(by_alias=True).items() if value}


class HttpServerSection(Section):
    """`http_server_config`."""

    http2: Annotated[bool, PlainValidator(_no_http2)] = False
    headers: Annotated[HeadersSection, EMPTY_SECTION] = HeadersSection()


def _user(name: object) -> str:
    text = str(name)
    if not text:
        raise RefusedError("found an empty user name")
    if ":" in text:  # not repeated: what follows the colon may be a secret
        raise RefusedError("found a user name with a colon, write NAME: HASH with a space between")
    return text


def _hash(value: object) -> SecretStr:
    match = _BCRYPT.fullmatch(value) if isinstance(value, str) else None
    if match is None:  # not repeated: it may be a password
        raise RefusedError("not a bcrypt hash; make one with: htpasswd -nBC 10 NAME")
    if int(match[1]) not in _COSTS:
        raise RefusedError(f"found a hash of cost {match[1]}, allowed: {_COSTS[0]} to {_COSTS[-1]}")
    return SecretStr(match[0])


Users = dict[Annotated[str, PlainValidator(_user)], Annotated[SecretStr, PlainValidator(_hash)]]


def _nothing_is_no_tls(value: object) -> object:
    return None if value == {} else value


class WebFileSection(Section):
    """The whole file."""

    tls_server_config: Annotated[TlsServerSection | None, BeforeValidator(_nothing_is_no_tls)] = (
        None
    )
    http_server_config: Annotated[HttpServerSection, EMPTY_SECTION] = HttpServerSection()
    basic_auth_users: Annotated[Users, EMPTY_SECTION] = Field(default_factory=dict)
    rate_limit: Annotated[
        None,
        _refused("not supported; remove it: --web.max-connections bounds what clients can take"),
    ] = None

    def web_config(self) -> WebConfig:
        """Load what the file names; RefusedError is about `tls_server_config`."""
        tls = self.tls_server_config
        return WebConfig(
            tls=None if tls is None else tls.tls(),
            users=MappingProxyType(self.basic_auth_users),
            headers=MappingProxyType(self.http_server_config.headers.headers()),
        )
