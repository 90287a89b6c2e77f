"""Whatever the bytes of a name are, every format of the exposition holds it, distinct and whole."""

import gzip
import math

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from streamgauge.labels import label_value
from streamgauge.model.records import (
    Consumer,
    Group,
    ProcessState,
    RedisSnapshot,
    Snapshot,
    Stream,
)
from streamgauge.policy import StreamClass
from streamgauge.web.answer import metrics_answer

NASTY = st.sampled_from(
    [b'"', b"\\", b"\n", b"\r", b"\x00", b"\xff", b"\xed\xa0\x80", b"{}", b"\\n", b'a"} 1\n#',
     "\u2028\u0085\u202e".encode(), b"\\xff", b"# EOF", b" ", b""]
)  # fmt: skip
NAMES = st.lists(NASTY | st.binary(max_size=6), max_size=4).map(b"".join)
ACCEPT = st.sampled_from(
    ["", "text/plain", "application/openmetrics-text; version=1.0.0", "*/*;q=x", ",;,="]
) | st.text(st.characters(max_codepoint=255), max_size=30)
PROCESS = ProcessState("1", "3", 1, 0.0)


def snapshot(names: list[bytes], instance: str) -> Snapshot:
    """A stream for each name, whose group and consumer are named like it."""
    streams = []
    for number, name in enumerate(names):
        group = Group(
            name=name, lag=number, lag_seconds=0.0, lag_limit_seconds=None, consumers=1, pending=0,
            oldest_pending_age_seconds=0.0, oldest_pending_deliveries=0, entries_read=None,
            last_delivered_timestamp_seconds=None,
            consumer_list=(Consumer(name, number, 1.0, None),),
        )  # fmt: skip
        streams.append(
            Stream(
                name=name,
                stream_class=StreamClass.EVENT,
                exists=1,
                quiet_limit_seconds=math.inf,
                length=number,
                age_seconds=None,
                last_entry_timestamp_seconds=None,
                first_entry_timestamp_seconds=None,
                entries_added=None,
                group_count=1,
                groups=(group,),
            )
        )
    one = RedisSnapshot(
        redis=instance, db=0, up=1, at=0.0, streams=streams, class_counts=[], error_counts=[],
        streams_dropped=0, groups_lag_unknown=0, durations=[], clock_offset_seconds=None,
        discovery_last_success_timestamp_seconds=None, discovery_duration_seconds=None,
    )  # fmt: skip
    return Snapshot([one], PROCESS)


@given(st.lists(NAMES, max_size=6, unique=True), NAMES, ACCEPT, ACCEPT)
@settings(derandomize=True)
def test_names_of_any_bytes_come_back_distinct_whatever_is_accepted(names, name, accept, encoding):
    headers = {"accept": accept, "accept-encoding": encoding}
    instance = label_value(name)
    answer = metrics_answer(snapshot(names, instance), CollectorRegistry(), headers)
    body = b"".join(answer.pieces)
    if answer.headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    is_openmetrics = "openmetrics" in answer.headers["content-type"]
    parse = parse_openmetrics if is_openmetrics else parse_text
    lengths, consumers = {}, {}
    for family in parse(body.decode()):
        for sample in family.samples:
            if sample.name == "redis_stream_length":
                lengths[sample.labels["redis"], sample.labels["stream"]] = sample.value
            if sample.name == "redis_stream_group_consumer_messages_pending":
                labels = sample.labels
                consumers[labels["stream"], labels["group"], labels["consumer"]] = sample.value
    shown = {label_value(name): number for number, name in enumerate(names)}
    assert lengths == {(instance, name): number for name, number in shown.items()}
    assert consumers == {(name,) * 3: number for name, number in shown.items()}
