"""What a web config file says, checked and ready for use."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import SecretStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """How connections are encrypted; `allowed_sans`, when not empty, are who may connect."""

    context: ssl.SSLContext
    allowed_sans: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """One state of the file; the default is what an empty file means: no TLS, no users, no headers.

    `users` are bcrypt hashes by name. `headers` are added to every response.
    """

    tls: Tls | None = None
    users: Mapping[str, SecretStr] = field(default_factory=lambda: MappingProxyType({}))
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
