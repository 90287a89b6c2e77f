"""Streams with large entries, read by a script that leaves the entries out.

XINFO STREAM returns the first and the last entry whole, and XRANGE the entry it finds, while a
scrape needs their IDs alone. A script reads where the server only lets it read (EVAL_RO, Redis 7
and newer); where that is denied, or not known, the entries come whole.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any, Final

from streamgauge.source.commands import Packed, after, bulk, opening
from streamgauge.source.errors import ErrorReply

_LARGE_BYTES: Final = 16 * 1024
"""From here on, the entries cost more to send and to parse than the script costs to run."""

_SMALL_SHARE: Final = 0.5
"""An entry must have fallen to this part of it before the script is given up again."""

_ASK_AGAIN_SECONDS: Final = 300.0

_KEY_DENIED: Final = re.compile(r"^NOPERM .*\bto access\b.*\bkeys?\b")
"""The right to the key is missing, and not that to run a script."""

_STREAM_SCRIPT: Final = b"""\
local reply, brief, bytes = redis.call('XINFO', 'STREAM', KEYS[1]), {}, 0
for i = 1, #reply, 2 do
  local name, value = reply[i], reply[i + 1]
  if value and (name == 'first-entry' or name == 'last-entry') then
    for _, text in ipairs(value[2]) do bytes = bytes + #text end
    value = {value[1]}
  end
  brief[i], brief[i + 1] = name, value
end
brief[#brief + 1], brief[#brief + 2] = 'entry-bytes', bytes
return brief
"""

_ENTRY_SCRIPT: Final = b"""\
local found = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
for i, entry in ipairs(found) do found[i] = {entry[1]} end
return found
"""


class _Script:
    """Sent whole once per sample, and then named by its digest for as long as the server keeps it.

    A script that fails before it runs, for lack of a right to the key, is not kept; others may be
    thrown away at any time. Once one was lost, all go whole for the rest of the sample.
    """

    def __init__(self, text: bytes) -> None:
        # Redis names scripts by SHA-1.
        self._whole = (b"EVAL_RO", text, b"1")
        self._digest = (b"EVALSHA_RO", hashlib.sha1(text).hexdigest().encode(), b"1")  # noqa: S324
        self._was_sent, self._was_lost = False, False

    def begin(self) -> None:
        self._was_sent, self._was_lost = False, False

    def lose(self) -> None:
        self._was_lost = True

    def command(self, *arguments: Packed) -> Packed:
        first = self._digest if self._was_sent and not self._was_lost else self._whole
        self._was_sent = True
        return opening(len(first) + len(arguments), *first) + b"".join(arguments)


class Brief:
    """Remembers of one server whose entries are large, and whether it runs scripts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ask_again_at = math.inf
        self._large: dict[bytes, int] = {}
        self._denial: ErrorReply | None = None
        self._scripts = _Script(_STREAM_SCRIPT), _Script(_ENTRY_SCRIPT)

    @property
    def names(self) -> AbstractSet[bytes]:
        """The streams that are to be read by the script."""
        return frozenset() if self._denial else self._large.keys()

    @property
    def knows_any(self) -> bool:
        """Whether any stream is known to have large entries."""
        return bool(self._large)

    def held_bytes(self, name: bytes) -> int:
        """How large the two entries of a stream were that XINFO STREAM tells; 0 when not large.

        A script leaves them out of its reply, but the server copies them all the same.
        """
        return self._large.get(name, 0)

    @property
    def read_whole(self) -> int:
        """How many streams have large entries that are read all the same."""
        return len(self._large) if self._denial else 0

    @property
    def denial(self) -> ErrorReply | None:
        """Why the server runs no script; None as long as it does."""
        return self._denial

    def begin(self, watched: AbstractSet[bytes]) -> None:
        """Begin a sample of these streams: the server may have forgotten the scripts.

        A right that was given meanwhile is noticed by asking again now and then.
        """
        self._large = {name: held for name, held in self._large.items() if name in watched}
        if self._large and self._clock() >= self._ask_again_at:
            self._denial = None
        for script in self._scripts:
            script.begin()

    def forget_denial(self) -> None:
        """Try scripts again: the connection is another one, and so may be the server."""
        self._denial = None

    def stream(self, key: Packed) -> Packed:
        """Ask for XINFO STREAM without the entries' contents."""
        return self._scripts[0].command(key)

    def ids_after(self, key: Packed, entry_id: tuple[int, int], most: int) -> Packed:
        """Ask for the IDs of the first entries behind another."""
        return self._scripts[1].command(key, after(entry_id), bulk(b"%d" % most))

    def refuses(self, error: ErrorReply) -> bool:
        """Tell whether an error is about the script and not about the stream, and remember it."""
        about_the_stream = error.says_gone or error.redirect or error.reason == "wrongtype"
        if about_the_stream or error.is_server_wide or error.says_unserved:
            return False
        if _KEY_DENIED.search(str(error)):
            return False
        if error.code == "NOSCRIPT":
            for script in self._scripts:
                script.lose()
        else:
            self._denial = error
            self._ask_again_at = self._clock() + _ASK_AGAIN_SECONDS
        return True

    def learn(self, name: bytes, reply: list[Any]) -> None:
        """Note from its reply to XINFO STREAM, or to the script, how large a stream's entries are.

        The two entries come last; where they do not, a stream is not found to be large.
        """
        if reply[-2] == b"entry-bytes":
            held, is_large = reply[-1], False
        else:
            first, last = _entry_bytes(reply[-3]), _entry_bytes(reply[-1])
            held, is_large = first + last, first > _LARGE_BYTES or last > _LARGE_BYTES
        if is_large or name in self._large:
            if held < _LARGE_BYTES * _SMALL_SHARE:
                del self._large[name]
            else:
                self._large[name] = held


def _entry_bytes(entry: Any) -> int:
    return sum(map(len, entry[1])) if type(entry) is list and len(entry) > 1 else 0
