"""Groups of a Redis that does not exist: behind, idle, without a consumer or a limit."""

from support.looks import AT, consumer, group

DAY = 86_400.0
NEVER_READ = {"entries_read": 0, "last_delivered_timestamp_seconds": None}
OLD = {"entries_read": None}  # as before Redis 7
NOBODY = {"consumers": 0, "consumer_list": ()}
UNLISTED = {"consumer_list": ()}  # more consumers than are listed
NO_LIMIT = {"lag_limit_seconds": None}
LONG_AGO = {"last_delivered_timestamp_seconds": AT - 4000.0}


def behind(lag=4, seconds=61.0, **fields):
    return group(**{"lag": lag, "lag_seconds": seconds} | fields)


def idle(seconds):
    return {"consumer_list": (consumer(idle=seconds),)}
