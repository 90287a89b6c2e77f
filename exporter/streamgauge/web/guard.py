"""What stands before the application when there is a web config: passwords and headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from streamgauge.web.config import WebConfig
from streamgauge.web.logins import Logins, TooManyLoginsError, basic_credentials
from streamgauge.web.protection import Protection

_CHALLENGE: Final = {"www-authenticate": 'Basic realm="streamgauge", charset="UTF-8"'}


class Guard:
    """An ASGI application that asks for a password on every path and adds the headers."""

    def __init__(self, app: ASGIApp, protection: Protection) -> None:
        self._app = app
        self._protection = protection
        self._logins = Logins()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        config = await self._protection.current()
        answer: ASGIApp | None = await self._refusal(scope, config) if config.users else None
        if config.headers:
            send = _with_headers(config.headers, send)
        await (answer or self._app)(scope, receive, send)

    async def _refusal(self, scope: Scope, config: WebConfig) -> Response | None:
        """The answer to one who may not; None for one who may."""
        client = scope.get("client")
        authorization = dict(scope["headers"]).get(b"authorization", b"")
        credentials = basic_credentials(authorization)
        try:
            if credentials is not None and await self._logins.are_right(
                credentials, config.users, client[0] if client else ""
            ):
                return None
        except TooManyLoginsError:
            return PlainTextResponse(
                "too many passwords of this client are being checked\n",
                status_code=429,
                headers={"retry-after": "1"},
            )
        return PlainTextResponse("unauthorized\n", status_code=401, headers=_CHALLENGE)


def _with_headers(headers: Mapping[str, str], send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_with_headers
