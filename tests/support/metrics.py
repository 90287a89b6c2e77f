"""A scrape as data: `scrape["redis_stream_length"] == {("orders", "event"): 3.0}`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

# The contract's order of labels, so that a key reads the same whatever the order in the text.
ORDER = ("redis", "db", "stream", "class", "group", "consumer", "reason", "stage")
SERIES = {
    "S": {
        "redis_stream_exists": "gauge",
        "redis_stream_length": "gauge",
        "redis_stream_last_entry_age_seconds": "gauge",
        "redis_stream_last_entry_timestamp_seconds": "gauge",
        "redis_stream_first_entry_timestamp_seconds": "gauge",
        "redis_stream_entries_added_total": "counter",
        "redis_stream_groups": "gauge",
        "redis_stream_quiet_limit_seconds": "gauge",
    },
    "G": {
        "redis_stream_group_lag": "gauge",
        "redis_stream_group_lag_seconds": "gauge",
        "redis_stream_group_lag_limit_seconds": "gauge",
        "redis_stream_group_consumers": "gauge",
        "redis_stream_group_messages_pending": "gauge",
        "redis_stream_group_oldest_pending_age_seconds": "gauge",
        "redis_stream_group_oldest_pending_deliveries": "gauge",
        "redis_stream_group_entries_read": "gauge",
        "redis_stream_group_last_delivered_timestamp_seconds": "gauge",
    },
    "C": {
        "redis_stream_group_consumer_messages_pending": "gauge",
        "redis_stream_group_consumer_idle_seconds": "gauge",
        "redis_stream_group_consumer_inactive_seconds": "gauge",
    },
}
LABELS = {
    "S": {"redis", "db", "stream", "class"},
    "G": {"redis", "db", "stream", "class", "group"},
    "C": {"redis", "db", "stream", "class", "group", "consumer"},
}
TOLD_BY_ONE_LOOK = [name for names in SERIES.values() for name in names]
# What follows from several looks; tests/integration/test_evidence.py has the proofs.
EVIDENCE = [
    "redis_stream_group_exists",
    "redis_stream_group_stalled_seconds",
    "redis_stream_group_falling_behind_seconds",
    "redis_stream_group_entries_lost_total",
    "redis_stream_group_unacknowledged_seconds",
]
STREAM_SERIES = [*TOLD_BY_ONE_LOOK, *EVIDENCE]
# What an entry's ID tells: when it was added, and how long it or what follows it waits.
ENTRY_TIMES = {
    "redis_stream_last_entry_timestamp_seconds",
    "redis_stream_first_entry_timestamp_seconds",
    "redis_stream_group_last_delivered_timestamp_seconds",
}
ENTRY_AGES = (
    "redis_stream_last_entry_age_seconds",
    "redis_stream_group_lag_seconds",
    "redis_stream_group_oldest_pending_age_seconds",
)
# What a release cannot tell.
UNTOLD = {
    "redis-6.2": {
        "redis_stream_entries_added_total",
        "redis_stream_group_entries_read",
        "redis_stream_group_consumer_inactive_seconds",
    },
    "redis-7.0": {"redis_stream_group_consumer_inactive_seconds"},
}

Key = tuple[str, ...]
Series = dict[Key, Any]


class Scrape(Mapping[str, Series]):
    """The samples of one exposition: name -> {label values: value}; {} for a name without any.

    The label values stand in the contract's order, without those that are the same for every
    stream of one server: redis and db.
    """

    def __init__(self, text: str):
        self.text = text
        self.types: dict[str, str] = {}
        self._samples: dict[str, list[tuple[dict[str, str], float]]] = {}
        families: Counter[tuple[str, str]] = Counter()
        for family in text_string_to_metric_families(text):
            families[family.name, family.type] += 1
            for sample in family.samples:
                self.types[sample.name] = family.type
                self._samples.setdefault(sample.name, []).append((sample.labels, sample.value))
        split = [name for name, parts in families.items() if parts > 1]
        assert not split, f"families in two parts: {split}"
        for name in self._samples:
            self._keyed(name, lambda _: True)

    def __getitem__(self, name: str) -> Series:
        return self._keyed(name, lambda label: label not in ("redis", "db"))

    def by(self, name: str, *labels: str) -> Series:
        """The series of one name, keyed by these labels alone."""
        return self._keyed(name, lambda label: label in labels)

    def _keyed(self, name: str, keep: Callable[[str], bool]) -> Series:
        series: Series = {}
        for labels, value in self._samples.get(name, []):
            ordered = [label for label in ORDER if label in labels]
            ordered += sorted(labels.keys() - set(ORDER))
            key = tuple(labels[label] for label in ordered if keep(label))
            assert key not in series, f"{name}{key} twice"
            series[key] = value
        return series

    def labels(self, name: str) -> set[frozenset[str]]:
        """The sets of label names that the samples of one name have: one set, if all is well."""
        return {frozenset(labels) for labels, _ in self._samples.get(name, [])}

    def __contains__(self, name: object) -> bool:
        return name in self._samples

    def __iter__(self) -> Iterator[str]:
        return iter(self._samples)

    def __len__(self) -> int:
        return len(self._samples)

    def of(self, stream: str, names: list[str] | None = None) -> dict[str, Series]:
        """The S, G and C series of one stream, without its name in the keys; no empty series.

        Those that one look can tell, unless others are named.
        """
        found = {}
        for name in names or TOLD_BY_ONE_LOOK:
            of_stream = {key[1:]: value for key, value in self[name].items() if key[0] == stream}
            if of_stream:
                found[name] = of_stream
        return found

    def streams(self) -> set[str]:
        """The names of all streams that have a redis_stream_exists of 1 or 0."""
        return {key[0] for key in self["redis_stream_exists"]}

    def value(self, name: str) -> float | None:
        """The one value of a series that has a single one; None when it is absent."""
        values = list(self[name].values())
        assert len(values) <= 1, f"{name} has {len(values)} values"
        return values[0] if values else None


class Between:
    """Equal to every number from `low` to `high`; stands for an age in expected series."""

    def __init__(self, low: float, high: float, slack: float = 0.05):
        self.low = max(low, 0.0) - slack
        self.high = max(high, 0.0) + slack

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and self.low <= other <= self.high

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{self.low:.3f}..{self.high:.3f}"
