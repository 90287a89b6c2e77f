"""The section `redis` as the file spells it, one entry for each server."""

import ipaddress
import re
import socket
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    SecretStr,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from streamgauge.config.address import Address, parse_node, parse_url
from streamgauge.config.model import Mode, RedisConfig, SentinelConfig, TlsConfig, host_and_port
from streamgauge.config.problems import RefusedError, choose_from, found
from streamgauge.config.values import (
    EMPTY_SECTION,
    Duration,
    Flag,
    MaybeCommand,
    MaybeFile,
    MaybeProvider,
    MaybeSecret,
    MaybeSecretFile,
    MaybeText,
    Section,
    Text,
    surroundings,
)
from streamgauge.credentials import Source

_MODES: tuple[Mode, ...] = ("auto", "standalone", "cluster", "sentinel")
NO_ADDRESS = "no Redis to read: give --redis.url, STREAMGAUGE_REDIS_URL or redis.url in a file"


def _node(value: object) -> tuple[str, int]:
    if not isinstance(value, str):
        raise RefusedError(f"found {found(value)}, allowed: host:port in quotes")
    return parse_node(value.strip())


def _split_at_commas(value: object) -> object:
    """The environment has no lists."""
    return value.split(",") if isinstance(value, str) else value


class TlsSection(Section):
    """`redis.tls`."""

    ca_file: MaybeFile = None
    cert_file: MaybeFile = None
    key_file: MaybeFile = Field(default=None, validate_default=True)
    server_name: MaybeText = None
    insecure_skip_verify: Flag = False

    @field_validator("key_file", mode="wrap")
    @classmethod
    def _together(
        cls, value: object, check: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> str | None:
        if "cert_file" in info.data and (value is None) != (info.data["cert_file"] is None):
            given, absent = ("key_file", "cert_file") if value else ("cert_file", "key_file")
            raise RefusedError(
                f"{given} is given without {absent}; a client certificate needs both"
            )
        return None if value is None else str(check(value))

    def tls(self) -> TlsConfig:
        """The same under the public type."""
        return TlsConfig(**dict(self))


class SentinelSection(Section):
    """`redis.sentinel`."""

    service: Text
    nodes: Annotated[
        tuple[Annotated[tuple[str, int], PlainValidator(_node)], ...],
        BeforeValidator(_split_at_commas),
        Field(min_length=1),
    ]
    username: MaybeText = None
    password: MaybeSecret = None
    password_file: MaybeSecretFile = None

    def sentinel(self) -> SentinelConfig:
        """The same with one password."""
        return SentinelConfig(
            service=self.service,
            nodes=self.nodes,
            username=self.username,
            password=self.password_file or self.password,
            password_keys=_password_keys(password_file=self.password_file, password=self.password),
        )


def _address_map(value: object) -> dict[tuple[str, int], tuple[str, int]]:
    if not isinstance(value, dict) or not value:
        raise RefusedError(f"found {found(value)}, allowed: host:port, as announced, to host:port")
    for text in (text for pair in value.items() for text in pair):
        if not re.search(r":[0-9]+$", str(text)):
            raise RefusedError(f"found {found(text)}, allowed: host:port")
    return {_node(announced): _node(reached) for announced, reached in value.items()}


class ClusterSection(Section):
    """`redis.cluster`."""

    address_map: Annotated[dict[tuple[str, int], tuple[str, int]], PlainValidator(_address_map)]


def _password_keys(**passwords: object) -> tuple[str, ...]:
    """The keys that give a password, in the order in which they win."""
    return tuple(key for key, password in passwords.items() if password is not None)


def _mode(value: object) -> Mode | None:
    for mode in _MODES:
        if value == mode:
            return mode
    raise RefusedError(choose_from(value, _MODES))


def _url(value: object) -> Address:
    if not isinstance(value, str):
        kind = found(value) if isinstance(value, dict | list | None) else "a number or date"
        raise RefusedError(f"found {kind}, allowed: text such as redis://127.0.0.1:6379")
    return parse_url(value)


def _check_behind_sentinels(address: Address) -> None:
    if address.host or address.unix_path:
        raise RefusedError(
            "names a server, but the sentinels do that; write redis:///0 or leave it out"
        )


def _check_in_cluster(address: Address) -> None:
    if address.unix_path:
        raise RefusedError(
            "is a unix socket, but the nodes of a cluster are reached by host and port"
        )


def _default_name(checked: dict[str, Any]) -> str | None:
    sentinel, address = checked.get("sentinel"), checked.get("url")
    if sentinel is not None:
        return str(sentinel.service)
    if address is None:
        return None
    return address.unix_path or host_and_port(_told_apart(address.host), address.port)


def _told_apart(host: str) -> str:
    """Two machines that each watch a Redis of their own must not give both the same name."""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host.lower() == "localhost"
    return socket.gethostname() if is_loopback else host


class ServerSection(Section):
    """`redis` or `redis[]`. What decides comes before what depends on it."""

    mode: Annotated[Mode | None, PlainValidator(_mode)] = None
    sentinel: SentinelSection | None = Field(default=None, validate_default=True)
    url: Annotated[Address | None, PlainValidator(_url)] = Field(
        default=None, validate_default=True
    )
    username: MaybeText = None
    password: MaybeSecret = None
    password_file: MaybeSecretFile = None
    password_command: MaybeCommand = None
    credential_provider: MaybeProvider = None
    timeout: Duration = 5.0
    tls: Annotated[TlsSection | None, EMPTY_SECTION] = None
    cluster: ClusterSection | None = None
    name: MaybeText = Field(default=None, validate_default=True)

    @field_validator("sentinel", mode="before")
    @classmethod
    def _with_its_mode(cls, value: object, info: ValidationInfo) -> object:
        mode = info.data.get("mode")
        if value is None and mode == "sentinel":
            raise RefusedError("missing: mode sentinel needs the service and its nodes")
        if value is not None and mode in ("auto", "standalone", "cluster"):
            raise RefusedError(
                f"given, but mode is {mode}; write mode: sentinel or remove one of them"
            )
        return value

    @field_validator("url", mode="wrap")
    @classmethod
    def _fits_the_mode(
        cls, value: object, check: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> Address | None:
        if value is None:
            if "sentinel" in info.data and info.data["sentinel"] is None:
                raise RefusedError(NO_ADDRESS)
            return None
        address: Address = check(value)
        if "sentinel" in info.data and info.data["sentinel"] is not None:
            _check_behind_sentinels(address)
        elif "sentinel" in info.data and not (address.host or address.unix_path):
            raise RefusedError(
                "names no host, allowed: redis://host:port/db, rediss://host:port/db"
            )
        if info.data.get("mode") == "cluster":
            _check_in_cluster(address)
        return address

    @field_validator("tls", mode="before")
    @classmethod
    def _needs_rediss(cls, value: object, info: ValidationInfo) -> object:
        address = info.data.get("url")
        if address is not None and address.scheme != "rediss":
            raise RefusedError(
                f"given, but the url starts with {address.scheme}://; write rediss:// for TLS"
            )
        if "url" in info.data and address is None:
            raise RefusedError(
                "given without a url; write url: rediss:/// to reach the server over TLS"
            )
        return value

    @field_validator("cluster", mode="before")
    @classmethod
    def _of_a_cluster(cls, value: object, info: ValidationInfo) -> object:
        mode = "sentinel" if info.data.get("sentinel") else info.data.get("mode")
        if mode in ("standalone", "sentinel"):
            raise RefusedError(f"given, but mode is {mode}; write mode: cluster or remove it")
        return value

    @field_validator("name", mode="wrap")
    @classmethod
    def _one_of_its_kind(
        cls, value: object, check: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> str | None:
        if value is not None:
            name = str(check(value))
        elif (default := _default_name(info.data)) is not None:
            name = default
        else:
            return None  # the address is wrong, and told
        taken = surroundings(info).server_names
        if name in taken:
            raise RefusedError(
                f"{name!r} is already the name of another server; give each its own name"
            )
        taken.add(name)
        return name

    def server(self) -> RedisConfig:
        """The server with its login: of several passwords the first here wins."""
        address = self.url or Address(scheme="redis")
        tls = (self.tls or TlsSection()).tls() if address.scheme == "rediss" else None
        passwords: dict[str, SecretStr | Source | None] = {
            "credential_provider": self.credential_provider,
            "password_command": self.password_command,
            "password_file": self.password_file,
            "password": self.password,
            "url": address.password,
        }
        direct = self.sentinel is None and address.unix_path is None
        return RedisConfig(
            name=self.name or "",
            host=address.host if direct else None,
            port=address.port if direct else None,
            unix_path=address.unix_path,
            db=address.db,
            username=self.username or address.username,
            password=next((one for one in passwords.values() if one is not None), None),
            timeout_seconds=self.timeout,
            tls=tls,
            mode=self.mode or ("sentinel" if self.sentinel else "auto"),
            sentinel=self.sentinel.sentinel() if self.sentinel else None,
            address_map=self.cluster.address_map if self.cluster else {},
            password_keys=_password_keys(**passwords),
        )
