"""Records that are made in one call from all their values are the ones that their names make."""

import pytest

from streamgauge.model.records import (
    AbsentGroup,
    Consumer,
    Group,
    Stream,
    new_consumer,
    new_group,
    new_stream,
)


@pytest.mark.parametrize(
    ("kind", "new"), [(Consumer, new_consumer), (Group, new_group), (Stream, new_stream)]
)
def test_they_equal_those_made_by_name(kind, new):
    values = {field: number for number, field in enumerate(kind._fields)}
    assert new(tuple(values.values())) == kind(**values)
    assert type(new(tuple(values.values()))) is kind


def test_what_a_stream_holds_comes_last():
    """A look that is kept for later replaces it by its place."""
    assert Stream._fields[-1] == "groups"
    assert Group._fields[-1] == "consumer_list"


def test_a_group_that_is_absent_has_all_that_a_group_has():
    absent = AbsentGroup(b"g", 60.0, None)
    assert [name for name in Group._fields if not hasattr(absent, name)] == []
