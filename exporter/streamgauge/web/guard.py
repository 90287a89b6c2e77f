"""What stands before the application when there is a web config: passwords and headers."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from streamgauge.web.config import WebConfig
from streamgauge.web.http import Application, Request, Response, text_response
from streamgauge.web.logins import Logins, TooManyLoginsError, basic_credentials
from streamgauge.web.protection import Protection

_CHALLENGE: Final = 'Basic realm="streamgauge", charset="UTF-8"'


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
