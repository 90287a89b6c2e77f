"""Monitoring that cannot see, and disturbances that it survives."""

from __future__ import annotations

from rules.scenarios.common import (
    EVENT,
    HYBRID,
    M,
    flowing,
    of_class,
    scenarios_about,
    stopping,
)
from rules.simulator.actors import always, consumer, except_between
from rules.simulator.case import BLIND, Case, minutes
from rules.simulator.scraping import Exporter

on = scenarios_about(BLIND)


@on("7.0", "6.2")
def redis_that_cannot_be_read_pages_blind_alone(server):
    case = Case(60)
    stream = stopping(case, server, (20, 40))
    case.act(consumer(stream, "g", active=except_between(*minutes((20, 41)))))
    case.exporter.redis_down = minutes((20, 40))
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0")
def an_exporter_that_is_down_pages_blind_alone(server):
    case = Case(60)
    stream = flowing(case, server)
    case.act(consumer(stream, "g"))
    case.exporter.down = minutes((20, 40))
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0")
def a_target_that_is_gone_pages_blind_alone(server):
    case = Case(60)
    flowing(case, server)
    case.exporter.gone = minutes((20, 40))
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0")
def a_feed_that_may_not_be_read_pages_blind_alone(server):
    case = Case(60)
    flowing(case, server)
    flowing(case, server, "other")
    case.exporter.denied = {"feed": minutes((20, 40))}
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0", stream_class=[EVENT, HYBRID])
def another_stream_that_may_not_be_read_pages_nobody(server, stream_class):
    case = Case(60)
    flowing(case, server)
    flowing(case, server, "jobs", of_class(stream_class))
    case.exporter.denied = {"jobs": minutes((20, 40))}
    return case


@on("7.0")
def one_replica_of_two_that_is_down_pages_nobody(server):
    case = Case(60)
    stream = flowing(case, server)
    case.act(consumer(stream, "g"))
    case.exporters = [Exporter("a:1", down=minutes((20, 40))), Exporter("b:1", offset=15)]
    return case


@on("7.0")
def one_replica_of_two_that_cannot_reach_redis_pages_nobody(server):
    case = Case(60)
    flowing(case, server)
    case.exporters = [Exporter("a:1", redis_down=minutes((20, 40))), Exporter("b:1", offset=15)]
    return case


@on("7.0")
def an_exporter_restart_pages_nobody(server):
    case = Case(60)
    stream = flowing(case, server)
    case.act(consumer(stream, "g"))
    case.exporter.down = minutes((20, 21), (40, 41.5))
    return case


@on("7.0")
def scrapes_that_fail_now_and_then_page_nobody(server):
    case = Case(90)
    stream = flowing(case, server)
    case.act(consumer(stream, "g", active=always))
    case.exporter.down = minutes(*((t, t + 0.5) for t in range(5, 90, 3)))
    return case


@on("7.0")
def redis_that_answers_for_a_minute_between_failures_pages_once(server):
    case = Case(60)
    flowing(case, server)
    case.exporter.redis_down = minutes((20, 26), (27, 40))
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0")
def an_exporter_restart_while_redis_cannot_be_read_pages_once(server):
    case = Case(60)
    flowing(case, server)
    case.exporter.redis_down = minutes((20, 45))
    case.exporter.down = minutes((30, 32.5))
    case.expect(BLIND, since=20 * M, until=45 * M)
    return case


@on("7.0")
def an_exporter_restart_while_a_feed_may_not_be_read_pages_once(server):
    case = Case(60)
    flowing(case, server)
    case.exporter.denied = {"feed": minutes((20, 45))}
    case.exporter.down = minutes((30, 32.5))
    case.expect(BLIND, since=20 * M, until=45 * M)
    return case


@on("7.0")
def both_exporters_of_one_redis_that_are_down_page_once_while_that_of_another_answers(server):
    case = Case(60)
    flowing(case, server)
    down = minutes((20, 40))
    case.exporters = [
        Exporter("a:1"),
        Exporter("b:1", redis="other", down=down),
        Exporter("c:1", redis="other", down=down, offset=15),
        Exporter("d:1", redis="third", down=down, job="another"),
    ]
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case


@on("7.0")
def a_redis_taken_out_of_the_configuration_pages_nobody(server):
    case = Case(60)
    flowing(case, server)
    case.exporters = [Exporter("a:1"), Exporter("b:1", redis="other", forgets_redis_at=20 * M)]
    return case


@on("7.0")
def an_exporter_of_another_job_pages_nobody(server):
    case = Case(60)
    flowing(case, server)
    case.exporters = [
        Exporter("a:1"),
        Exporter("b:1", job="another", redis="other", redis_down=minutes((20, 30))),
        Exporter("c:1", job="another", redis="third", denied={"feed": minutes((20, 30))}),
        Exporter("d:1", job="another", redis="fourth", down=minutes((20, 30))),
    ]
    return case


@on("7.0")
def a_target_that_is_gone_pages_though_an_exporter_of_another_job_answers(server):
    case = Case(60)
    flowing(case, server)
    case.exporters = [Exporter("a:1", gone=minutes((20, 40))), Exporter("b:1", job="another")]
    case.expect(BLIND, since=20 * M, until=40 * M)
    return case
