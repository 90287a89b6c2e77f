"""What stands before the application when there is a web config: passwords and headers.

Which names and passwords are right is asked of bcrypt once for each.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import secrets
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final, NamedTuple

import bcrypt
from pydantic import SecretStr

from streamgauge.web.config import WebConfig
from streamgauge.web.http import Application, Request, Response, text_response
from streamgauge.web.protection import Protection
from streamgauge.web.threads import in_thread

_REMEMBERED: Final = 256
_WAITING_PER_CLIENT: Final = 4
_LONGEST_PASSWORD: Final = 72
"""What bcrypt reads of a password; as everywhere, the rest does not count."""

_CHALLENGE: Final = 'Basic realm="streamgauge", charset="UTF-8"'


class TooManyLoginsError(Exception):
    """A client has as many passwords being checked as it may; the text says no more."""


class Credentials(NamedTuple):
    """What a client sent. Never goes into a log line or an error."""

    user: bytes
    password: bytes


class Logins:
    """Remembers which credentials were right and which wrong, under a key of this process.

    What is kept of a password is a keyed hash that tells nothing without the key. The right ones
    are kept apart from the wrong ones, so that guessing pushes none of them out.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, None] = OrderedDict()
        self._checks: dict[bytes, asyncio.Future[bool]] = {}
        self._turn = asyncio.Lock()
        self._waiting: Counter[str] = Counter()

    async def are_right(
        self, credentials: Credentials, users: Mapping[str, SecretStr], client: str
    ) -> bool:
        """Tell whether a user of this name has this password.

        A name that no user has takes as long as one with a wrong password. bcrypt works in a
        thread, on one password at a time. TooManyLoginsError: this client has several waiting.
        """
        is_known, hash_ = self._hash_of(credentials.user, users)
        digest = self._digest(b"known" if is_known else b"unknown", *credentials, hash_)
        if digest in self._right:
            self._right.move_to_end(digest)
            return True
        if digest in self._wrong:
            self._wrong.move_to_end(digest)
            return False
        check = self._checks.get(digest)
        if check is None:
            if self._waiting[client] >= _WAITING_PER_CLIENT:
                raise TooManyLoginsError
            check = asyncio.ensure_future(self._check(credentials.password, hash_))
            self._checks[digest] = check
            self._waiting[client] += 1
            check.add_done_callback(lambda done: self._remember(digest, is_known, client, done))
        return await asyncio.shield(check) and is_known

    def _hash_of(self, user: bytes, users: Mapping[str, SecretStr]) -> tuple[bool, bytes]:
        """The hash of a user; for a name that no user has, that of some user, always the same."""
        hash_ = users.get(user.decode(errors="replace"))
        if hash_ is not None:
            return True, hash_.get_secret_value().encode()
        number = int.from_bytes(self._digest(b"stand-in", user)[:8], "big") % len(users)
        return False, list(users.values())[number].get_secret_value().encode()

    async def _check(self, password: bytes, hash_: bytes) -> bool:
        async with self._turn:
            return await in_thread(_matches, password, hash_)

    def _remember(
        self, digest: bytes, is_known: bool, client: str, check: asyncio.Future[bool]
    ) -> None:
        del self._checks[digest]
        self._waiting[client] -= 1
        if not self._waiting[client]:
            del self._waiting[client]
        if check.cancelled() or check.exception() is not None:
            return
        known = self._right if check.result() and is_known else self._wrong
        known[digest] = None
        if len(known) > _REMEMBERED:
            known.popitem(last=False)

    def _digest(self, *parts: bytes) -> bytes:
        message = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
        return hmac.digest(self._key, message, "sha256")


def _matches(password: bytes, hash_: bytes) -> bool:
    try:
        return bcrypt.checkpw(password[:_LONGEST_PASSWORD], hash_)
    except ValueError:  # a password that this release of bcrypt refuses, such as one with a NUL
        return False


def basic_credentials(authorization: bytes) -> Credentials | None:
    """Read an Authorization header; None when it holds no basic authentication."""
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except binascii.Error:
        return None
    return Credentials(user, password) if colon else None


def guarded(app: Application, protection: Protection) -> Application:
    """Return an application that asks for a password on every path and adds the headers."""
    logins = Logins()

    async def answer(request: Request) -> Response:
        config = await protection.current()
        refusal = await _refusal(request, config, logins) if config.users else None
        response = refusal or await app(request)
        added = {name.lower(): value for name, value in config.headers.items()}
        return replace(response, headers={**response.headers, **added}) if added else response

    return answer


async def _refusal(request: Request, config: WebConfig, logins: Logins) -> Response | None:
    """The answer to one who may not; None for one who may."""
    authorization = request.headers.get("authorization", "").encode("latin-1")
    credentials = basic_credentials(authorization)
    try:
        if credentials is not None and await logins.are_right(
            credentials, config.users, request.client
        ):
            return None
    except TooManyLoginsError:
        return text_response(
            "too many passwords of this client are being checked\n",
            HTTPStatus.TOO_MANY_REQUESTS,
            retry_after="1",
        )
    return text_response("unauthorized\n", HTTPStatus.UNAUTHORIZED, www_authenticate=_CHALLENGE)
