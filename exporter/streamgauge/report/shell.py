"""A command of Redis as a shell takes it.

A name is one word of the shell on exactly its bytes. What a screen or a clipboard may change, such
as newlines, escape sequences, right-to-left marks and bytes that are no UTF-8, and NUL, which no
argument can hold, goes to redis-cli by its input, where `"\\x00"` writes any byte.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Final

from streamgauge.config import RedisConfig

_PLAIN_WORD: Final = re.compile(rb"[A-Za-z0-9_.:/@%+=,$*-]+")

LOGIN: Final = (
    "If the server wants a login, set REDISCLI_AUTH to the password and add --user NAME behind "
    "redis-cli; the user of the exporter may only read."
)


def shell_line(server: RedisConfig, words: Sequence[bytes]) -> str:
    """Write a command with redis-cli for one server."""
    cli = shlex.join(_redis_cli(server))
    if all(map(is_safe, words)):
        return f"{cli} {' '.join(shlex.quote(word.decode()) for word in words)}"
    command = " ".join(map(_redis_word, words))
    return f"printf '%s\\n' '{command}' | {cli}"


def _redis_cli(server: RedisConfig) -> Iterator[str]:
    yield "redis-cli"
    if server.unix_path is not None:
        yield from ("-s", server.unix_path)
    else:
        yield from ("-h", server.host or "", "-p", str(server.port))
    if server.tls is not None:
        yield "--tls"
        if server.tls.ca_file is not None:
            yield from ("--cacert", str(server.tls.ca_file))
        if server.tls.server_name is not None:
            yield from ("--sni", server.tls.server_name)
        if server.tls.insecure_skip_verify:
            yield "--insecure"
    if server.db:
        yield from ("-n", str(server.db))


def is_safe(word: bytes) -> bool:
    """Whether a screen shows it as it is and a clipboard keeps it; the shell needs quotes alone."""
    try:
        text = word.decode()
    except UnicodeDecodeError:
        return False
    return text.isprintable() and (text.isascii() or all(map(str.isalnum, text)))


def _redis_word(word: bytes) -> str:
    """A word of redis-cli's input, in ASCII without a single quote, so the shell takes it as is."""
    if _PLAIN_WORD.fullmatch(word):
        return word.decode()
    shown = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and byte not in b"\"'\\" else f"\\x{byte:02x}"
        for byte in word
    )
    return f'"{shown}"'
