"""A request and its response, as the application sees them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

import h11

from streamgauge.labels import escaped


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asks for; names of headers are in lower case. Nobody reads its body."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    client: str = ""

    @classmethod
    def of(cls, head: h11.Request, client: str) -> Request:
        """Decode a head; of a parameter the last value counts, of a header all do."""
        path, _, query = head.target.decode("ascii").partition("?")
        headers: dict[str, str] = {}
        for raw_name, raw_value in head.headers:
            name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return cls(
            method=head.method.decode("ascii"),
            path=unquote(path),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            client=client,
        )


@dataclass(frozen=True, slots=True)
class Response:
    """The answer; names of headers are in lower case. A long body comes in pieces."""

    body: bytes | AsyncGenerator[bytes, None]
    status: HTTPStatus = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)

    def pieces(self) -> AbstractAsyncContextManager[AsyncGenerator[bytes, None]]:
        """Open the body, to be sent piece by piece."""
        return aclosing(_whole(self.body) if isinstance(self.body, bytes) else self.body)


async def _whole(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


Application = Callable[[Request], Awaitable[Response]]


def text_response(text: str, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:
    """Answer in words."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(text.encode(), status, {"content-type": "text/plain; charset=utf-8", **headers})


def not_allowed(methods: str) -> Response:
    """Answer a method that a path does not have."""
    return text_response("method not allowed\n", HTTPStatus.METHOD_NOT_ALLOWED, allow=methods)


def unknown_target(path: str, names: Iterable[str]) -> Response:
    """Answer that no Redis of the name asked for is configured, and say which names are."""
    hint = f"no redis of this name is configured; write {path}?target=NAME with one of"
    return text_response(f"{hint}: {', '.join(map(escaped, names))}\n", HTTPStatus.NOT_FOUND)
