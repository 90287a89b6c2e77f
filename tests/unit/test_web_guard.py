"""The guard lets those with a password in on every path, and adds the headers to every answer."""

import asyncio
import base64

import bcrypt
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message

from streamgauge.web.guard import Guard
from streamgauge.web.protection import Protection

HASH = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()


async def page(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("in", headers={"X-Frame-Options": "deny", "X-Other": "1"})


@pytest.fixture
def guarded(tmp_path):
    """Asks a guard whose web config file holds this text: the status and the headers."""

    def of(text: str, path: str = "/", authorization: str | None = None):
        file = tmp_path / "web.yml"
        file.write_text(text)
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def run() -> None:
            guard = Guard(Starlette(routes=[Route("/", page)]), Protection(file))
            headers = [] if authorization is None else [(b"authorization", authorization.encode())]
            scope = {"type": "http", "method": "GET", "path": path, "query_string": b"",
                     "headers": headers, "client": ("host", 1)}  # fmt: skip
            await guard(scope, receive, send)

        asyncio.run(run())
        return sent[0]["status"], {
            key.decode(): value.decode() for key, value in sent[0]["headers"]
        }

    return of


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("authorization", "statuses"),
    [
        (None, (401, 401)),
        (basic("alice:wrong"), (401, 401)),
        (basic("bob:open sesame"), (401, 401)),
        ("Bearer x", (401, 401)),
        (basic("alice:open sesame"), (200, 404)),
    ],
)
def test_every_path_asks_for_a_password(guarded, authorization, statuses):
    text = f"basic_auth_users: {{alice: {HASH}}}"
    answers = [guarded(text, path, authorization) for path in ("/", "/absent")]
    assert tuple(status for status, _ in answers) == statuses
    challenged = [
        headers.get("www-authenticate", "").startswith("Basic ") for _, headers in answers
    ]
    assert challenged == [status == 401 for status in statuses]


def test_without_users_everybody_is_let_in(guarded):
    assert guarded("")[0] == 200


def test_headers_are_on_every_answer_and_win(guarded):
    text = f"""
        basic_auth_users: {{alice: {HASH}}}
        http_server_config: {{headers: {{X-Frame-Options: sameorigin, X-XSS-Protection: "0"}}}}
    """
    for authorization, status in ((basic("alice:open sesame"), 200), (None, 401)):
        answer, headers = guarded(text, "/", authorization)
        assert answer == status
        assert (headers["x-frame-options"], headers["x-xss-protection"]) == ("sameorigin", "0")
    assert guarded("")[1]["x-frame-options"] == "deny"
