"""How often people may have Redis asked, and what they get beyond that."""

from streamgauge.source.errors import Unreadable
from streamgauge.web.inquiries import MOST_QUESTIONS, WITHIN_SECONDS, Inquiries
from support.incidents import answer, entry


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Server:
    """Counts how often it was asked."""

    def __init__(self):
        self.asked = 0

    def __call__(self):
        self.asked += 1
        return answer(entry(self.asked))


def test_who_comes_too_often_gets_the_last_answer_and_is_told_so():
    clock, server = Clock(), Server()
    inquiries = Inquiries(clock)
    found = [inquiries.ask("main", b"s", b"g", server) for _ in range(MOST_QUESTIONS)]
    assert [one.note for one in found] == [None] * MOST_QUESTIONS
    clock.now += 2
    late = inquiries.ask("main", b"s", b"g", server)
    assert server.asked == MOST_QUESTIONS
    assert late.answer == found[-1].answer
    assert late.note.template == (
        "Redis is asked at most 5 times in 5s, so pending entries and consumers are from 2s ago."
    )
    other = inquiries.ask("main", b"s", b"other", server)
    assert other.answer is None
    assert "are left out; load the page again" in other.note.template
    clock.now += WITHIN_SECONDS - 2
    assert inquiries.ask("main", b"s", b"g", server).note is None


def test_each_server_is_counted_for_itself():
    server, inquiries = Server(), Inquiries(Clock())
    for name in ("one", "two"):
        for _ in range(MOST_QUESTIONS):
            inquiries.ask(name, b"s", b"g", server)
    assert server.asked == 2 * MOST_QUESTIONS


def test_a_server_that_does_not_answer_is_said_so():
    def fail():
        raise Unreadable("timeout", "no answer in time")

    found = Inquiries(Clock()).ask("main", b"s", b"g", fail)
    assert found.answer is None
    assert found.note.text(bytes.decode) == (
        "Redis could not be asked (timeout): no answer in time"
    )


def test_what_is_kept_is_bounded():
    clock, inquiries = Clock(), Inquiries()
    inquiries = Inquiries(clock)
    for number in range(100):
        clock.now += WITHIN_SECONDS
        inquiries.ask("main", b"s", b"%d" % number, Server())
    assert len(inquiries._kept) == 32
