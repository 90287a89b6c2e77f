"""From a sample to the records of the state keys, and why some tell less than they should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streamgauge.labels import label_value
from streamgauge.model.keys import key_record, unread_key
from streamgauge.model.readings import KeyReading
from streamgauge.model.records import (
    KEY_ERROR_REASONS,
    NO_TIME,
    Key,
    KeyCount,
    KeyErrorCount,
)
from streamgauge.source.problem_log import Reason
from streamgauge.source.topology import Sample
from streamgauge.state_keys import StateKeys


class KeyRecords(NamedTuple):
    """A record of every declared key, the numbers of the counted ones, and what is to be said."""

    records: list[Key]
    counts: list[KeyCount]
    problems: Mapping[bytes, Reason]


def key_state(keys: StateKeys, sample: Sample, counts: Mapping[bytes, int]) -> KeyRecords:
    """Conclude what a sample says of the declared keys; `counts` are those of the last walk.

    Keys of a node that is out are not named one by one: the node is.
    """
    readings = {reading.key: reading for reading in sample.key_readings}
    failures = sample.key_errors
    records: list[Key] = []
    problems: dict[bytes, Reason] = {}
    for key in keys.named:
        reading, failure = readings.get(key), failures.get(key)
        error = failure.reason if failure else None
        if reading is not None:
            record = key_record(reading, error)
        else:
            outage = sample.key_outages.get(key)
            record = unread_key(key, outage.reason if outage else error or "other")
        if failure is not None:
            problems[key.name] = Reason(failure.reason, failure.detail)
        elif reading is not None and record.error == NO_TIME:
            problems[key.name] = Reason(NO_TIME, _why_no_time(reading))
        records.append(record)
    return KeyRecords(records, [KeyCount(p, counts.get(p)) for p in keys.patterns], problems)


def unread_keys(keys: StateKeys, reason: str) -> list[Key]:
    """Say of every declared key that it could not be read."""
    return [unread_key(key, reason) for key in keys.named]


def error_counts(records: Iterable[Key]) -> list[KeyErrorCount]:
    """Count the keys by what went wrong with them, every reason; nothing for no keys."""
    errors = Counter(record.error for record in records)
    return [KeyErrorCount(reason, errors[reason]) for reason in KEY_ERROR_REASONS] if errors else []


def _why_no_time(reading: KeyReading) -> str:
    field = label_value(reading.key.field or b"")
    if reading.value is None:
        return f"the hash has no field {field}"
    return f"the field {field} holds no Unix time in seconds or milliseconds"
