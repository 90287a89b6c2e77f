"""Beyond max_streams the same streams are exported, whatever the order of a walk."""

from hypothesis import given
from hypothesis import strategies as st

from streamgauge.config.model import DEFAULT_CLASSES, StreamRule
from streamgauge.policy import Policy, StreamClass
from streamgauge.source.walk import Patterns, Selection

POLICY = Policy(
    DEFAULT_CLASSES,
    [
        StreamRule(match="declared", stream_class=StreamClass.EVENT),
        StreamRule(match="feed:*", stream_class=StreamClass.CONTINUOUS),
        StreamRule(match="job:*", stream_class=StreamClass.EVENT),
        StreamRule(match="rq:*", ignore=True),
    ],
)


def select(names, *, max_streams, match=b"*"):
    selection = Selection(POLICY, Patterns((match,)), max_streams)
    for name in names:
        selection.add(name)
    return sorted(selection.names), selection.dropped


def test_everything_is_kept_up_to_the_limit():
    assert select([b"a", b"b"], max_streams=3) == ([b"a", b"b", b"declared"], 0)


def test_declared_streams_come_first_then_classes_then_names():
    names = [b"z", b"a", b"job:1", b"feed:2", b"feed:1"]
    assert select(names, max_streams=3) == ([b"declared", b"feed:1", b"feed:2"], 3)
    assert select(names, max_streams=5) == ([b"a", b"declared", b"feed:1", b"feed:2", b"job:1"], 1)


def test_what_is_ignored_or_not_matched_is_neither_kept_nor_dropped():
    assert select([b"rq:1", b"rq:2", b"feed:1"], max_streams=1) == ([b"declared"], 1)
    assert select([b"other"], max_streams=1, match=b"feed:*") == ([b"declared"], 0)


@given(
    names=st.lists(st.sampled_from([b"%s%d" % (p, i) for p in (b"", b"feed:") for i in range(9)])),
    max_streams=st.integers(1, 30),
)
def test_order_and_repetition_make_no_difference(names, max_streams):
    kept, dropped = select(names, max_streams=max_streams)
    assert (kept, dropped) == select(sorted(set(names)), max_streams=max_streams)
    assert len(kept) + dropped == len({*names, b"declared"})


def test_names_are_worth_another_look_once_a_hundredth_is_new():
    selection = Selection(POLICY, Patterns((b"*",)), max_streams=1000)
    assert not selection.has_outgrown([b"declared"])
    selection.add(b"a")
    assert selection.has_outgrown([b"declared"])
    for number in range(198):
        selection.add(b"a:%d" % number)
    seen = selection.names
    selection.add(b"b")
    selection.add(b"c")
    assert not selection.has_outgrown(seen)
    selection.add(b"d")
    assert selection.has_outgrown(seen)
