"""The PromQL of the panels, put together from a few named parts.

The parts are about series as they were scraped; `highest` and `lowest` then drop `instance` and
`pod`, so that a second replica or a new pod adds no second line. They come last, because they cost
most where there are thousands of streams. What is unknown stays absent: nothing here fills a gap
with 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

# What identifies a stream in a table; a group belongs to the stream of the same target.
STREAM: Final = "redis, db, stream, class"
GROUP: Final = f"{STREAM}, group"
_TARGET_STREAM: Final = f"job, instance, pod, {STREAM}"

# A share of 1 is the limit. A stream that is missing has no share, and comes before all others.
_MISSING_SHARE: Final = 1000


@dataclass(frozen=True)
class Scope:
    """Which series are asked for: matchers on the dashboard's variables, and the time if fixed."""

    matchers: str
    group_matchers: str = ""
    at: str = ""

    def having(self, matcher: str) -> Scope:
        """The same, narrowed by one more matcher."""
        if matcher in self.matchers:
            return self
        return replace(self, matchers=f"{self.matchers}, {matcher}")

    def continuous(self) -> Scope:
        """The same, of continuous streams alone: only they may not be silent."""
        return self.having('class="continuous"')

    def at_end(self) -> Scope:
        """The same at the end of the time range, whatever the step: for choosing a fixed set."""
        return replace(self, at=" @ end()")

    def __call__(self, metric: str, window: str = "") -> str:
        """The metric's series of this scope, or their samples of a window."""
        about_groups = metric.startswith("redis_stream_group_")
        matchers = self.matchers + (self.group_matchers if about_groups else "")
        return f"{metric}{{{matchers}}}{window and f'[{window}]'}{self.at}"

    def rate(self, metric: str) -> str:
        """A counter's increase per second."""
        return f"rate({self(metric, '$__rate_interval')})"

    def slope(self, metric: str) -> str:
        """A gauge's increase per second; 0 while it falls."""
        return f"clamp_min(deriv({self(metric, '$__rate_interval')}), 0)"


def highest(expression: str) -> str:
    """The highest of what replicas say."""
    return f"max without (instance, pod) ({_indented(expression)})"


def lowest(expression: str) -> str:
    """The lowest of what replicas say: for ages, and for states that must not be too bad."""
    return f"min without (instance, pod) ({_indented(expression)})"


def per_stream(expression: str, pick: str = "max") -> str:
    """One value for each stream of a table, whatever else its series are labelled with."""
    return f"{pick} by ({STREAM}) ({_indented(expression)})"


def age(scope: Scope) -> str:
    """Time since the last entry of a stream."""
    return scope("redis_stream_last_entry_age_seconds")


def length(scope: Scope) -> str:
    """Entries in a stream."""
    return scope("redis_stream_length")


def exists(scope: Scope) -> str:
    """1 for each stream that is there, 0 for one that should be."""
    return scope("redis_stream_exists")


def added(scope: Scope) -> str:
    """Entries added to a stream, per second."""
    return scope.rate("redis_stream_entries_added_total")


def read(scope: Scope) -> str:
    """Entries that a group is handed, per second. A gauge: Redis takes it back at times."""
    return scope.slope("redis_stream_group_entries_read")


def quiet_limit(scope: Scope) -> str:
    """How long a continuous stream may be silent; +Inf outside its active hours."""
    return scope("redis_stream_quiet_limit_seconds")


def age_share(scope: Scope) -> str:
    """Age of the last entry as a share of the limit; 0 outside active hours."""
    return f"{age(scope.continuous())}\n/ {quiet_limit(scope)}"


def lag(scope: Scope) -> str:
    """Entries a group was not given."""
    return scope("redis_stream_group_lag")


def lag_seconds(scope: Scope) -> str:
    """Age of the oldest entry a group was not given."""
    return scope("redis_stream_group_lag_seconds")


def lag_limit(scope: Scope) -> str:
    """How long an entry may wait for a group."""
    return scope("redis_stream_group_lag_limit_seconds")


def lag_share(scope: Scope) -> str:
    """How long a group's oldest entry waits, as a share of the limit."""
    return f"{lag_seconds(scope)}\n/ {lag_limit(scope)}"


def wait_share(scope: Scope) -> str:
    """How long a trigger has gone unanswered, as a share of the limit."""
    wait, limit = "redis_stream_reaction_wait_seconds", "redis_stream_reaction_limit_seconds"
    return f"{scope(wait)}\n/ {scope(limit)}"


def missing(scope: Scope) -> str:
    """Continuous streams that do not exist or never held an entry, as 0."""
    continuous = scope.continuous()
    never_written = f"{length(continuous)} == 0 unless {age(continuous)}"
    return (
        f"({exists(continuous)} == 0 or ({never_written}))\n"
        f"unless {quiet_limit(continuous)} == +Inf"
    )


def continuous_state(scope: Scope) -> str:
    """Of each continuous stream the number in `states.CONTINUOUS_STATES`."""
    ages, limits = age(scope.continuous()), quiet_limit(scope)
    return (
        f"(\n{missing(scope)}\n) + 3\n"
        f"or\nclamp_max({limits} == +Inf, 0)\n"
        f"or\nclamp({ages} > {limits}, 2, 2)\n"
        f"or\nclamp({ages}, 1, 1)"
    )


def event_state(scope: Scope) -> str:
    """Of each event stream the number in `states.EVENT_STATES`."""
    late = f"max without (group) ({lag_seconds(scope)} > {lag_limit(scope)})"
    return (
        f"clamp({exists(scope)} == 0 or {length(scope)} == 0, 0, 0)\n"
        f"or\nclamp({late}, 2, 2)\n"
        f"or\nclamp({length(scope)}, 1, 1)"
    )


def stream_state(scope: Scope) -> str:
    """Of each stream the number in `states.STREAM_STATES`."""
    limit = quiet_limit(scope)
    may_be_empty = scope.having('class=~"event|hybrid"')
    classless = scope.having('class=~"unclassified|"')
    return (
        f"(\n{missing(scope)}\n) + 6\n"
        f"or\nclamp({age(scope.continuous())} > {limit}, 5, 5)\n"
        f"or\nclamp(max without (group) ({lag_seconds(scope)} > {lag_limit(scope)}), 4, 4)\n"
        f"or\nclamp({length(classless)}, 0, 0)\n"
        f"or\nclamp_max({limit} == +Inf, 1)\n"
        f"or\nclamp({length(may_be_empty)} == 0 or {exists(may_be_empty)} == 0, 2, 2)\n"
        f"or\nclamp({length(scope)}, 3, 3)"
    )


def worst_share(scope: Scope) -> str:
    """Of each stream the greatest share of a limit, its own or a group's; absent without one."""
    return per_stream(f"{age_share(scope)}\nor\n{lag_share(scope)}")


def with_a_limit(expression: str, scope: Scope) -> str:
    """Of each stream its worst group that has a limit; its worst one where none has."""
    return f"{per_stream(f'{expression} and {lag_limit(scope)}')}\nor\n{per_stream(expression)}"


def most_urgent(expression: str, scope: Scope, count: int) -> str:
    """The expression for the streams nearest to their limits at the end of the time range.

    A feed that is missing comes first, and what has no limit last.
    """
    end = scope.at_end()
    without_limit = (f"{exists(end)} == 0", f"{length(end)} * 0")
    urgency = _either(_urgency_of_feeds(end), lag_share(end), *without_limit)
    return f"(\n{expression}\n)\n{_chosen(STREAM, count, per_stream(urgency))}"


def most_urgent_feeds(expression: str, scope: Scope, count: int) -> str:
    """The expression for the continuous streams nearest to their own limits, in the same order."""
    urgency = _urgency_of_feeds(scope.at_end())
    return f"(\n{expression}\n)\n{_chosen(STREAM, count, per_stream(urgency))}"


def _urgency_of_feeds(scope: Scope) -> str:
    """Less exact than `missing`, and cheaper: it only says which streams are looked at."""
    feeds = scope.continuous()
    gone = f"({exists(feeds)} == 0 or {length(feeds)} == 0) + {_MISSING_SHARE}"
    return _either(gone, age_share(scope))


def most(part: Callable[[Scope], str], scope: Scope, count: int) -> str:
    """A part, of the streams where it is highest at the end of the time range."""
    return f"{part(scope)}\n{_chosen(STREAM, count, per_stream(part(scope.at_end())))}"


def least(part: Callable[[Scope], str], scope: Scope, count: int) -> str:
    """A part, of the streams where it is lowest at the end of the time range."""
    lowest_now = f"-{per_stream(part(scope.at_end()), 'min')}"
    return f"{part(scope)}\n{_chosen(STREAM, count, lowest_now)}"


def highest_age_shares(scope: Scope, count: int) -> str:
    """Ages as shares of their limits, of the streams where they are highest at the end."""
    chosen = _chosen(STREAM, count, per_stream(age_share(scope.at_end())))
    return f"(\n{age(scope.continuous())}\n{chosen}\n)\n/ {quiet_limit(scope)}"


def highest_lag_shares(scope: Scope, count: int) -> str:
    """Waits as shares of their limits, of the groups where they are highest at the end."""
    shares = f"max by ({GROUP}) ({lag_share(scope.at_end())})"
    return f"(\n{lag_seconds(scope)}\n{_chosen(GROUP, count, shares)}\n)\n/ {lag_limit(scope)}"


def _chosen(labels: str, count: int, by: str) -> str:
    """A filter that keeps the highest, by something that is fixed for the whole time range.

    A topk around a panel's expression would choose again at each step, and so give any number of
    series. The filter stands as near to a selector as can be: among thousands of streams, what is
    calculated for those that are not shown is what takes long.
    """
    return f"and on ({labels})\ntopk({count}, {by})"


def standing(scope: Scope) -> str:
    """How long a group has stood still while entries wait."""
    return scope("redis_stream_group_stalled_seconds")


def standing_limit(scope: Scope) -> str:
    """How long a group may stand still, as RedisStreamGroupStalled compares it."""
    return f"clamp_min({lag_limit(scope)}, 120)"


def falling_behind(scope: Scope) -> str:
    """How long a group that is past its limit has been falling further behind."""
    return scope("redis_stream_group_falling_behind_seconds")


def falling_behind_limit(scope: Scope) -> str:
    """How long it may, as RedisStreamGroupLagGrowing compares it."""
    return f"clamp(3 * {lag_limit(scope)}, 300, 1800)"


def stalled(scope: Scope) -> str:
    """Groups that have stood still for longer than they may."""
    return f"{highest(standing(scope))} > {highest(standing_limit(scope))}"


def blind_spots(scope: Scope) -> str:
    """How much cannot be seen: Redis servers, and single continuous streams.

    No exporter at all counts as one; 0 is reached only where an exporter answers.
    """
    up = scope("redis_up")
    seen_before = f"last_over_time({scope('redis_up', '1d')})"
    orphaned = f'{seen_before} and on (job, instance, pod) up{{job=~"$job"}} == 0'
    errors = scope.continuous().having('reason!="wrongtype"')("streamgauge_stream_errors")
    return (
        f"count(\n{highest(up)} == 0\n"
        f"or\n({highest(orphaned)} unless {highest(up)})\n"
        f"or\n{lowest(f'sum without (reason) ({errors})')} > 0\n)\n"
        f"or absent({up})\nor vector(0)"
    )


def entries_lost(scope: Scope) -> str:
    """Entries that left a stream before a group was handed them, as far as that was seen."""
    return f"increase({scope('redis_stream_group_entries_lost_total', '$__rate_interval')})"


def lost_in_range(scope: Scope) -> str:
    """Entries lost to a group in the time range."""
    return highest(f"increase({scope('redis_stream_group_entries_lost_total', '$__range')})")


def time_to_drain(scope: Scope) -> str:
    """How long until a group has caught up at its present speed; absent while it falls behind."""
    gained = f"{read(scope)}\n- on ({_TARGET_STREAM}) group_left ()\n{added(scope)}"
    return f"{lag(scope)} == 0\nor\n{lag(scope)}\n/ ((\n{gained}\n) > 0)"


def retention_span(scope: Scope) -> str:
    """Time between the oldest and the newest entry a stream holds."""
    return (
        f"{scope('redis_stream_last_entry_timestamp_seconds')}\n"
        f"- {scope('redis_stream_first_entry_timestamp_seconds')}"
    )


def _either(*expressions: str) -> str:
    return "\nor\n".join(expressions)


def _indented(expression: str) -> str:
    return expression if "\n" not in expression else f"\n{expression}\n"
