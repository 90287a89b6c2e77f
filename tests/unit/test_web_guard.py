"""The guard lets those with a password in on every path, and adds the headers to every answer."""

import asyncio
import base64
from http import HTTPStatus

import bcrypt
import pytest

from streamgauge.web.http import Request, Response, text_response
from streamgauge.web.logins import guarded as guard
from streamgauge.web.protection import Protection

HASH = bcrypt.hashpw(b"open sesame", bcrypt.gensalt(4)).decode()


async def page(request: Request) -> Response:
    if request.path != "/":
        return text_response("not found", HTTPStatus.NOT_FOUND)
    return text_response("in", x_frame_options="deny", x_other="1")


@pytest.fixture
def guarded(tmp_path):
    """Asks a guard whose web config file holds this text: the status and the headers."""

    def of(text: str, path: str = "/", authorization: str | None = None):
        file = tmp_path / "web.yml"
        file.write_text(text)
        headers = {} if authorization is None else {"authorization": authorization}
        request = Request(method="GET", path=path, headers=headers, client="host")
        response = asyncio.run(guard(page, Protection(file))(request))
        return response.status, response.headers

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
