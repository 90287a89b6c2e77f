"""How incidents are written and what they name."""

import asyncio

import pytest

from streamgauge_demo.catalogue import BY_NAME
from streamgauge_demo.incidents import INCIDENTS, Breakages, Incident, parse_incident


@pytest.mark.parametrize(
    ("text", "name", "at", "duration"),
    [
        ("drift", "drift", 10, None),
        ("feed-quiet@30", "feed-quiet", 30, None),
        ("feed-quiet@0.5+60", "feed-quiet", 0.5, 60),
        ("consumer-dead+7.5", "consumer-dead", 10, 7.5),
    ],
)
def test_written(text: str, name: str, at: float, duration: float | None):
    assert parse_incident(text) == Incident(INCIDENTS[name], at, duration)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "feed-quite@3",
            "there is no incident 'feed-quite'; did you mean feed-quiet?",
        ),
        (
            "zzz",
            f"there is no incident 'zzz'; there are {', '.join(INCIDENTS)}.",
        ),
        (
            "drift@soon",
            "'drift@soon' is not NAME[@SECONDS][+DURATION], such as feed-quiet@30+60",
        ),
        ("", "'' is not NAME[@SECONDS][+DURATION], such as feed-quiet@30+60"),
        ("drift@-1", "'drift@-1' is not NAME[@SECONDS][+DURATION], such as feed-quiet@30+60"),
    ],
)
def test_mistakes(text: str, sentence: str):
    with pytest.raises(ValueError, match=r"incident|NAME") as raised:
        parse_incident(text)
    assert str(raised.value) == sentence


def test_each_names_a_stream_and_group_of_the_catalogue_and_no_two_the_same():
    targets = set()
    for kind in INCIDENTS.values():
        groups = {group.name for group in BY_NAME[kind.stream].groups}
        assert kind.group is None or kind.group in groups
        targets.add(kind.stream)
    assert len(targets) == len(INCIDENTS)


def test_no_two_trip_the_same_alert():
    alerts = [kind.alert for kind in INCIDENTS.values() if kind.alert]
    assert sorted(alerts) == sorted(set(alerts))
    assert [name for name, kind in INCIDENTS.items() if not kind.alert] == ["drift", "retrain-job"]


def test_breakages():
    async def story() -> list[bool]:
        breakages = Breakages()
        await breakages.repaired("drift")
        seen = [breakages.on("drift")]
        breakages.start("drift")
        seen.append(breakages.on("drift"))
        waiting = asyncio.ensure_future(breakages.repaired("drift"))
        await asyncio.sleep(0)
        seen.append(waiting.done())
        breakages.repair("drift")
        await waiting
        return [*seen, breakages.on("drift")]

    assert asyncio.run(story()) == [False, True, False, False]
