"""Both formats parse back to the very values, whatever the names are."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from streamgauge import exposition
from streamgauge.labels import label_value
from streamgauge.metrics import METRICS, Level, Metric
from streamgauge.model.records import (
    ClassCount,
    Consumer,
    ErrorCount,
    Group,
    Idempotence,
    Instance,
    Key,
    KeyCount,
    KeyErrorCount,
    ProcessState,
    Reaction,
    RedisSnapshot,
    Snapshot,
    StageDuration,
    Stream,
)
from streamgauge.policy import StreamClass, StreamPolicy
from streamgauge.state_keys import StateKey


def render(*arguments):
    return "".join(exposition.render(*arguments))


PROCESS = ProcessState("1.2.3", "3.11.7", 1, 1_800_000_000.25)
NAMES = st.binary(max_size=12) | st.text(st.characters(exclude_categories=["Cs"])).map(str.encode)
COUNTS = st.integers(0, 2**53)
SECONDS = st.floats(0, 1e10, allow_nan=False)


def unknown_or(values):
    return st.none() | values


CONSUMERS = st.builds(Consumer, NAMES, COUNTS, SECONDS, inactive_seconds=unknown_or(SECONDS))
GROUPS = st.builds(
    Group,
    name=NAMES,
    lag=unknown_or(COUNTS),
    lag_seconds=SECONDS,
    lag_limit_seconds=unknown_or(SECONDS),
    consumers=COUNTS,
    pending=COUNTS,
    oldest_pending_age_seconds=SECONDS,
    oldest_pending_deliveries=COUNTS,
    entries_read=unknown_or(COUNTS),
    last_delivered_timestamp_seconds=unknown_or(SECONDS),
    consumer_list=st.lists(CONSUMERS, max_size=2, unique_by=lambda c: c.name).map(tuple),
    exists=st.just(1),
    stalled_seconds=unknown_or(SECONDS),
    falling_behind_seconds=unknown_or(SECONDS),
    entries_lost=unknown_or(COUNTS),
    consumers_dead=unknown_or(COUNTS),
    nacked=unknown_or(COUNTS),
    retention_used_ratio=unknown_or(SECONDS),
    unacknowledged_seconds=unknown_or(SECONDS),
    ack_limit_seconds=unknown_or(SECONDS),
)
REACTIONS = st.builds(Reaction, NAMES, unknown_or(SECONDS), SECONDS | st.just(math.inf))
STREAMS = st.builds(
    Stream,
    name=NAMES,
    stream_class=st.sampled_from(StreamClass),
    exists=st.sampled_from([0, 1]),
    quiet_limit_seconds=unknown_or(SECONDS | st.just(math.inf)),
    length=unknown_or(COUNTS),
    age_seconds=unknown_or(SECONDS),
    last_entry_timestamp_seconds=unknown_or(SECONDS),
    first_entry_timestamp_seconds=unknown_or(SECONDS),
    entries_added=unknown_or(COUNTS),
    group_count=unknown_or(COUNTS),
    absent_groups=st.just(()),
    groups_vanished=st.just(0),
    policy=st.builds(
        StreamPolicy,
        st.sampled_from(StreamClass),
        length_limit=unknown_or(COUNTS),
        labels=st.sampled_from([(), (("team", "feeds"),), (("owner", 'a"b'), ("team", "feeds"))]),
    ),
    groups=st.lists(GROUPS, max_size=2, unique_by=lambda g: g.name).map(tuple),
    idempotence=unknown_or(st.builds(Idempotence, *[COUNTS] * 6)),
    reactions=st.lists(REACTIONS, max_size=2, unique_by=lambda r: r.after).map(tuple),
)
KEYS = st.builds(
    Key,
    st.builds(StateKey, NAMES),
    exists=unknown_or(st.sampled_from([0, 1])),
    ttl_seconds=unknown_or(SECONDS),
    deadline_seconds=unknown_or(st.floats(-1e10, 1e10)),
)
KEY_COUNTS = st.builds(KeyCount, NAMES, unknown_or(COUNTS))
INSTANCES = st.builds(
    RedisSnapshot,
    redis=st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
    db=st.integers(0, 15),
    up=st.sampled_from([0, 1]),
    at=SECONDS,
    streams=st.lists(STREAMS, max_size=3, unique_by=lambda s: s.name),
    class_counts=st.just([ClassCount(c, 2) for c in StreamClass]),
    error_counts=st.just([ErrorCount(StreamClass.EVENT, "noperm", 3)]),
    streams_dropped=COUNTS,
    groups_lag_unknown=unknown_or(COUNTS),
    durations=st.just([StageDuration("connect", 0.001)]),
    clock_offset_seconds=unknown_or(st.floats(-1e6, 1e6)),
    discovery_last_success_timestamp_seconds=unknown_or(SECONDS),
    discovery_duration_seconds=unknown_or(SECONDS),
    servers=st.sampled_from([(), (Instance("master"),), (Instance("master"), Instance("slave"))]),
    keys=st.lists(KEYS, max_size=2, unique_by=lambda k: k.declared.name),
    key_counts=st.lists(KEY_COUNTS, max_size=2, unique_by=lambda c: c.pattern),
    key_error_counts=st.sampled_from([(), (KeyErrorCount("notime", 2),)]),
)
SNAPSHOTS = st.builds(
    Snapshot,
    st.lists(INSTANCES, max_size=2, unique_by=lambda i: i.redis),
    st.just(PROCESS),
)


def expected(snapshot):
    """Say by the table alone, without the writer, what a snapshot must come out as."""
    samples = {}
    for metric in METRICS:
        for names, record, *declared in records(snapshot, metric.level):
            value = metric.value(record)
            if value is not None:
                labels = dict(zip(metric.level.value, names, strict=True)) | dict(declared)
                samples[metric.name, tuple(sorted(labels.items()))] = float(value)
    return samples


def records(snapshot, level):
    process = snapshot.process
    if level is Level.PROCESS:
        yield (), process
    if level is Level.BUILD:
        yield (process.version, process.python), process
    for one in snapshot.instances:
        name = (one.redis,)
        per_redis = {
            Level.REDIS: [(name, one)],
            Level.INSTANCE: [((*name, server.role), server) for server in one.servers],
            Level.ERRORS: [((*name, e.stream_class, e.reason), e) for e in one.error_counts],
            Level.CLASS: [((*name, c.stream_class), c) for c in one.class_counts],
            Level.STAGE: [((*name, d.stage), d) for d in one.durations],
            Level.KEY: [
                ((*name, f"db{one.db}", label_value(k.declared.name)), k) for k in one.keys
            ],
            Level.PATTERN: [
                ((*name, f"db{one.db}", label_value(c.pattern)), c) for c in one.key_counts
            ],
            Level.KEY_ERRORS: [((*name, e.reason), e) for e in one.key_error_counts],
        }
        yield from per_redis.get(level, [])
        for stream in one.streams:
            of_stream = (*name, f"db{one.db}", label_value(stream.name), stream.stream_class)
            for record in records_of(stream, of_stream, level):
                yield *record, *stream.labels


def records_of(stream, of_stream, level):
    """The same of one stream, without its declared labels."""
    if level is Level.STREAM:
        yield of_stream, stream
    if level is Level.REACTION:
        for reaction in stream.reactions:
            yield (*of_stream, label_value(reaction.after)), reaction
    for group in stream.groups:
        of_group = (*of_stream, label_value(group.name))
        if level is Level.GROUP:
            yield of_group, group
        if level is Level.CONSUMER:
            for consumer in group.consumer_list:
                yield (*of_group, label_value(consumer.name)), consumer


def samples_of(families):
    found = {}
    for family in families:
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found, f"twice: {key}"
            found[key] = sample.value
    return found


@given(SNAPSHOTS)
def test_the_text_format_parses_back_to_the_same_values(snapshot):
    assert samples_of(parse_text(render(snapshot, "text"))) == expected(snapshot)


@given(SNAPSHOTS)
def test_openmetrics_parses_back_to_the_same_values(snapshot):
    text = render(snapshot, "openmetrics") + "# EOF\n"
    assert samples_of(parse_openmetrics(text)) == expected(snapshot)


def test_a_counter_is_named_as_each_format_wants_it():
    stream = Stream(b"s", StreamClass.EVENT, 1, None, entries_added=7)
    instance = RedisSnapshot("r", 0, 1, 0.0, [stream], [], [], 0, 0, [], None, None, None)
    snapshot = Snapshot([instance], None)
    text, openmetrics = render(snapshot, "text"), render(snapshot, "openmetrics")
    assert "# TYPE redis_stream_entries_added_total counter\n" in text
    assert "# TYPE redis_stream_entries_added counter\n" in openmetrics
    series = 'redis_stream_entries_added_total{redis="r",db="db0",stream="s",class="event"} 7\n'
    assert series in text
    assert series in openmetrics


def test_a_family_without_a_sample_is_not_written():
    assert render(Snapshot([], None), "text") == ""


@pytest.mark.parametrize(
    ("text_format", "help_line"),
    [("text", r'# HELP m a\\b\n"c"'), ("openmetrics", r"# HELP m a\\b\n\"c\"")],
)
def test_help_is_escaped_as_each_format_wants_it(text_format, help_line):
    metric = Metric("m", "gauge", 'a\\b\n"c"', Level.PROCESS, lambda _: -math.inf)
    lines = render(Snapshot([], PROCESS), text_format, [metric]).splitlines()
    assert lines == [help_line, "# TYPE m gauge", "m -Inf"]
