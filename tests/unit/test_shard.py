"""Each name belongs to exactly one shard, and to the same one in every version."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamgauge.config import load_config
from streamgauge.policy import Policy, StreamClass
from streamgauge.shard import WHOLE, Shard, policy_of_shard
from streamgauge.source.walk import Patterns, Selection

CONFIG = """
redis: {url: "redis://h"}
streams:
  - {match: "rq:*", ignore: true}
  - {match: "feed:*", class: continuous}
  - {match: "orders", class: event}
  - {match: "payments", class: hybrid}
  - {match: "refunds", class: continuous}
keys:
  - {key: "policy", deadline_field: "valid_until"}
  - {key: "lock"}
  - {match: "session:*"}
  - {match: "cart:*"}
"""

NAMES = st.binary(max_size=40)
TOTALS = st.integers(1, 40)


def fleet(total):
    return [Shard(number, total) for number in range(1, total + 1)]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    file = tmp_path_factory.mktemp("shard") / "streamgauge.yml"
    file.write_text(CONFIG)
    return load_config(file, environ={})


@pytest.mark.parametrize(
    ("name", "of_2", "of_3", "of_7"),
    [
        (b"", "1/2", "1/3", "1/7"),
        (b"orders", "1/2", "3/3", "6/7"),
        (b"quantum:stream:market.tick", "2/2", "3/3", "6/7"),
        (b"{tenant-7}:events", "1/2", "3/3", "5/7"),
        ("größe".encode(), "2/2", "3/3", "4/7"),
        (b"\x00\xff\r\n", "1/2", "2/3", "5/7"),
    ],
)
def test_the_shard_of_a_name_never_changes(name, of_2, of_3, of_7):
    homes = [str(shard) for total in (2, 3, 7) for shard in fleet(total) if shard.has(name)]
    assert homes == [of_2, of_3, of_7]


@given(name=NAMES, total=TOTALS)
def test_every_name_belongs_to_exactly_one_shard(name, total):
    assert [shard.has(name) for shard in fleet(total)].count(True) == 1
    assert WHOLE.has(name)


@pytest.mark.parametrize("form", ["s:%d", "orders:%06d:events", "{%x}:queue"])
@pytest.mark.parametrize("total", [2, 3, 7, 16])
def test_shards_have_about_equally_many_names(form, total):
    names = [(form % number).encode() for number in range(10_000)]
    fair = len(names) / total
    for shard in fleet(total):
        assert 0.85 * fair < sum(map(shard.has, names)) < 1.15 * fair


@pytest.mark.parametrize(
    ("text", "shard"),
    [("1/1", WHOLE), ("2/3", Shard(2, 3)), (" 3/3\n", Shard(3, 3)), ("01/12", Shard(1, 12))],
)
def test_a_shard_is_written_as_one_of_many(text, shard):
    assert Shard.parse(text) == shard


@pytest.mark.parametrize(
    "text", ["", "3", "0/3", "4/3", "1/0", "-1/3", "1/3/3", "a/b", "1.0/3", "١/٣", "1/" + "9" * 99]
)
def test_what_is_no_shard_is_told_in_a_sentence(text):
    with pytest.raises(ValueError, match=r"write I/N, as in 2/3, with I from 1 to N: .* no shard"):
        Shard.parse(text)


def test_what_is_written_is_read_back():
    assert [Shard.parse(str(shard)) for shard in fleet(12)] == fleet(12)


def test_the_only_shard_has_the_plain_policy(config):
    assert type(policy_of_shard(config, WHOLE)) is Policy


@pytest.mark.parametrize("total", [2, 3, 7])
def test_what_is_declared_belongs_to_exactly_one_shard(config, total):
    whole = policy_of_shard(config, WHOLE)
    parts = [policy_of_shard(config, shard) for shard in fleet(total)]

    def together(of):
        return sorted(repr(one) for part in parts for one in of(part))

    def at_once(of):
        return sorted(map(repr, of(whole)))

    for of in (
        lambda policy: policy.declared,
        lambda policy: policy.keys.named,
        lambda policy: policy.keys.patterns,
    ):
        assert together(of) == at_once(of) != []


@given(name=NAMES | st.sampled_from([b"orders", b"rq:1", b"feed:1"]), total=TOTALS)
def test_a_stream_has_its_class_in_its_own_shard_and_is_ignored_in_others(config, name, total):
    for shard in fleet(total):
        expected = policy_of_shard(config, WHOLE).resolve(name) if shard.has(name) else None
        assert policy_of_shard(config, shard).resolve(name) == expected


def selected(policy, names, max_streams):
    selection = Selection(policy, Patterns((b"*",)), max_streams)
    for name in names:
        selection.add(name)
    return selection


@given(names=st.lists(NAMES), total=TOTALS)
def test_the_shards_together_select_what_one_exporter_would(config, names, total):
    whole = selected(policy_of_shard(config, WHOLE), names, 1000).names
    parts = [selected(policy_of_shard(config, shard), names, 1000).names for shard in fleet(total)]
    assert sorted(name for part in parts for name in part) == sorted(whole)


@given(names=st.lists(NAMES, max_size=60), total=st.integers(1, 4), max_streams=st.integers(1, 20))
def test_each_shard_drops_only_what_is_its_own(config, names, total, max_streams):
    whole = selected(policy_of_shard(config, WHOLE), names, 1000).names
    for shard in fleet(total):
        part = selected(policy_of_shard(config, shard), names, max_streams)
        own = sum(map(shard.has, whole))
        assert len(part.names) == min(own, max_streams)
        assert part.dropped == own - len(part.names)


def test_a_shard_keeps_the_classes_that_matter_most(config):
    policy = policy_of_shard(config, Shard(1, 2))
    own = [name for number in range(40) if Shard(1, 2).has(name := b"x:%d" % number)]
    feeds = [name for number in range(40) if Shard(1, 2).has(name := b"feed:%d" % number)]
    kept = selected(policy, own + feeds, len(feeds) + len(policy.declared)).names
    assert kept == {*feeds, *policy.declared}
    assert {policy.resolve(name).stream_class for name in feeds} == {StreamClass.CONTINUOUS}
