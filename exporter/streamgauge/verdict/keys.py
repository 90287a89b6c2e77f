"""The verdicts on state keys: whether the path beside a silent stream is alive."""

from __future__ import annotations

from streamgauge.model.records import NO_TIME, Key, KeyCount
from streamgauge.state_keys import StateKey
from streamgauge.verdict.records import KeyCountVerdict, KeyVerdict
from streamgauge.verdict.states import KeyState
from streamgauge.verdict.words import Sentence, counted, duration


def key_verdict(key: Key) -> KeyVerdict:
    """Judge one state key."""
    if key.exists is None:
        return KeyVerdict(key, KeyState.UNREADABLE, Sentence(f"could not be read ({key.error})"))
    if not key.exists:
        return KeyVerdict(key, KeyState.MISSING, Sentence("it does not exist"))
    field = key.declared.field
    if key.deadline_seconds is not None:
        passed = key.deadline_seconds < 0
        state = KeyState.DEADLINE_PASSED if passed else KeyState.ALIVE
        return KeyVerdict(key, state, _deadline(key.declared, key.deadline_seconds))
    if field is None:
        return KeyVerdict(key, KeyState.ALIVE, Sentence("it exists"))
    return KeyVerdict(key, KeyState.DEADLINE_UNKNOWN, _why_unknown(key, field))


def key_count_verdict(count: KeyCount) -> KeyCountVerdict:
    """Say how many keys match a pattern; any number is right."""
    if count.keys is None:
        why = Sentence("the keyspace was not walked to its end")
        return KeyCountVerdict(count, KeyState.NOT_COUNTED, why)
    number = counted(count.keys, "key") if count.keys else "no key"
    why = Sentence(f"{number} {'match' if count.keys > 1 else 'matches'}")
    return KeyCountVerdict(count, KeyState.COUNTED, why)


def _deadline(key: StateKey, seconds: float) -> Sentence:
    field = (key.field or b"",)
    if key.max_age_seconds is not None:
        age, limit = duration(key.max_age_seconds - seconds), duration(key.max_age_seconds)
        return Sentence(f"refreshed {age} ago, says {{}}; it counts as fresh for {limit}", field)
    if seconds < 0:
        return Sentence(f"the deadline in {{}} passed {duration(-seconds)} ago", field)
    return Sentence(f"the deadline in {{}} is {duration(seconds)} ahead", field)


def _why_unknown(key: Key, field: bytes) -> Sentence:
    if key.error == NO_TIME:
        return Sentence("{} is missing or holds no Unix time", (field,))
    return Sentence(f"{{}} could not be read ({key.error})", (field,))
