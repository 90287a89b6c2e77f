"""Whatever bytes a server sends, a scrape is read or refused; nothing else comes out of it."""

import math
import socket
import threading

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from streamgauge.config import RedisConfig
from streamgauge.exposition import render
from streamgauge.model.derive import stream_record
from streamgauge.model.memory import Memory
from streamgauge.model.records import ProcessState, Snapshot
from streamgauge.policy import UNCLASSIFIED, StreamClass, StreamPolicy
from streamgauge.source import replies
from streamgauge.source.errors import ErrorReply, Unreadable
from streamgauge.source.wire import Deadline, Wire
from support.looks import look

FIELDS = [
    b"length", b"groups", b"last-generated-id", b"first-entry", b"entries-added", b"name",
    b"consumers", b"pending", b"last-delivered-id", b"entries-read", b"lag", b"idle", b"inactive",
]  # fmt: skip
SCALARS = (
    st.none() | st.integers() | st.binary(max_size=12) | st.sampled_from([b"8-0", b"1-", b"-1"])
    | st.builds(ErrorReply, st.sampled_from(["ERR", "MOVED", "NOAUTH", ""]), st.text(max_size=8))
)  # fmt: skip


def _pairs(values):
    pair = st.tuples(st.sampled_from(FIELDS), values)
    return st.lists(pair, max_size=13).map(lambda pairs: [part for both in pairs for part in both])


NESTED = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | _pairs(inner), max_leaves=30
)
POLICIES = [UNCLASSIFIED, StreamPolicy(StreamClass.CONTINUOUS, quiet_limit_seconds=5.0)]
PRIMARY = {"from_replica": False, "server": None}
READERS = (
    replies.consumers, replies.oldest_pending, replies.first_entries, replies.time_us,
    replies.lifetime, replies.field_value,
)  # fmt: skip


def resp(reply) -> bytes:
    """A reply as a server writes it."""
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, int):
        return b":%d\r\n" % max(min(reply, 2**63 - 1), -(2**63))
    if isinstance(reply, ErrorReply):
        text = f"{reply.code} {reply.text}".encode(errors="replace")
        return b"-" + text.replace(b"\r", b" ").replace(b"\n", b" ") + b"\r\n"
    if isinstance(reply, bytes):
        return b"$%d\r\n%s\r\n" % (len(reply), reply)
    return b"*%d\r\n%s" % (len(reply), b"".join(resp(part) for part in reply))


def answered(payload: bytes):
    """What a wire makes of a server that sends this after the first command, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.settimeout(60)
                client.recv(4096)
                client.sendall(payload)

        thread = threading.Thread(target=serve)
        thread.start()
        wire = Wire(RedisConfig(name="x", host="127.0.0.1", port=port))
        try:
            deadline = Deadline(60)
            wire.open(deadline)
            wire.send([(b"TIME",)], deadline)
            return wire.receive(1, deadline)[0]
        finally:
            wire.close()
            thread.join(timeout=60)


@given(NESTED, NESTED)
@settings(derandomize=True)
def test_replies_of_every_shape_are_read_or_malformed(one, other):
    for read in (lambda: replies.stream_reading(b"s", 7, one, other, **PRIMARY), *(
        lambda reader=reader: reader(one) for reader in READERS
    )):  # fmt: skip
        try:
            read()
        except replies.MALFORMED:
            continue
    assert replies.hello(one).role in (None, "master", "slave")


@given(NESTED, NESTED, NESTED, st.sampled_from(POLICIES))
@settings(derandomize=True)
def test_what_is_read_becomes_a_record_and_valid_text(clock, one, other, policy):
    try:
        now_us = replies.time_us(clock) if clock else 1_800_000_000_000_000
        reading = replies.stream_reading(b"s", now_us, one, other, **PRIMARY)
    except replies.MALFORMED:
        return
    stream = stream_record(reading, policy, Memory())
    assert stream.age_seconds is None or 0 <= stream.age_seconds < math.inf
    snapshot = Snapshot([look(stream)], ProcessState("1", "3", 1, 0.0))
    assert list(text_string_to_metric_families("".join(render(snapshot, "text"))))


def reason_for(payload: bytes) -> str | None:
    """Why the wire gave up on a server that sends this; None when it had a reply."""
    try:
        answered(payload)
    except Unreadable as error:
        return error.reason
    return None


@given(NESTED)
@settings(derandomize=True)
def test_reply_of_every_shape_comes_through_the_wire(reply):
    assert reason_for(resp(reply)) is None


@given(st.binary(max_size=64))
@settings(derandomize=True)
def test_arbitrary_bytes_are_a_reply_or_the_server_is_unreadable(payload):
    assert reason_for(payload) in (None, "connection", "other", "protocol")
