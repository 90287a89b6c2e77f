"""What a server is asked about, streams and state keys, and why one could not be read.

State keys travel with the streams, in the same round.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from streamgauge.model.readings import KeyReading
from streamgauge.source import replies
from streamgauge.source.commands import Command
from streamgauge.source.errors import ErrorReply, Redirect, error_of
from streamgauge.state_keys import StateKey

Subject = bytes | StateKey
"""What a server is asked about: a stream, by its name, or a state key."""

GONE: Final = "gone"
"""The reason of a key that does not exist: not an error, but not a reading either."""


class Unread(NamedTuple):
    """What could not be read of a stream or state key; `reason` is one of ERROR_REASONS, or GONE.

    In a cluster another node may have it: the one of `redirect`, or (`unserved`) an unknown one.
    """

    subject: Subject
    reason: str
    detail: str
    redirect: Redirect | None = None
    unserved: bool = False


class KeyAnswer(NamedTuple):
    """What came back of one key; both when only its field could not be read."""

    reading: KeyReading | None
    failure: Unread | None = None


def name_of(subject: Subject) -> bytes:
    """Return the key in Redis, which decides its hash slot."""
    return subject.name if isinstance(subject, StateKey) else subject


def key_commands(key: StateKey) -> tuple[Command, ...]:
    """Ask for the field first: a key that expires in between is gone, and not without its field."""
    lifetime = (b"PTTL", key.name)
    return (lifetime,) if key.field is None else ((b"HGET", key.name, key.field), lifetime)


def key_answer(key: StateKey, now_us: int, answers: list[Any]) -> KeyAnswer:
    """Read the replies to `key_commands`; raises Unreadable for an error that concerns all keys."""
    *fields, lifetime = answers
    error = error_of(lifetime)
    if error is not None:
        return KeyAnswer(None, refused(key, "PTTL", error))
    field = fields[0] if fields else None
    field_error = error_of(field)
    try:
        exists, ttl_ms = replies.lifetime(lifetime)
        value = None if field_error else replies.field_value(field)
    except replies.MALFORMED as problem:
        return KeyAnswer(None, malformed(key, "PTTL, HGET", problem))
    reading = KeyReading(key, now_us, exists, ttl_ms, value)
    if field_error is None or not exists:
        return KeyAnswer(reading)
    return KeyAnswer(reading, refused(key, "HGET", field_error))


def refused(subject: Subject, command: str, error: ErrorReply) -> Unread:
    """Say what an error reply to one of its commands means."""
    reason = GONE if error.says_gone else error.reason
    return Unread(subject, reason, f"{command}: {error}", error.redirect, error.says_unserved)


def malformed(subject: Subject, command: str, problem: Exception) -> Unread:
    """Say that a reply has another shape than Redis documents."""
    return Unread(subject, "protocol", f"{command}: {problem}")
