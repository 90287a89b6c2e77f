"""The metric table is the contract: names, types and labels, none missing and none more."""

import re

from streamgauge.metrics import METRICS

S = "redis, db, stream, class"
G = S + ", group"
C = G + ", consumer"
CONTRACT = {
    "redis_up": "redis",
    "redis_instance_info": "redis, role",
    "redis_stream_exists": S,
    "redis_stream_length": S,
    "redis_stream_last_entry_age_seconds": S,
    "redis_stream_last_entry_timestamp_seconds": S,
    "redis_stream_first_entry_timestamp_seconds": S,
    "redis_stream_entries_added_total": S,
    "redis_stream_groups": S,
    "redis_stream_quiet_limit_seconds": S,
    "redis_stream_group_lag": G,
    "redis_stream_group_lag_seconds": G,
    "redis_stream_group_lag_limit_seconds": G,
    "redis_stream_length_limit": S,
    "redis_stream_group_exists": G,
    "redis_stream_group_stalled_seconds": G,
    "redis_stream_group_falling_behind_seconds": G,
    "redis_stream_group_entries_lost_total": G,
    "redis_stream_group_retention_used_ratio": G,
    "redis_stream_group_unacknowledged_seconds": G,
    "redis_stream_group_ack_limit_seconds": G,
    "redis_stream_group_consumers": G,
    "redis_stream_group_messages_pending": G,
    "redis_stream_group_oldest_pending_age_seconds": G,
    "redis_stream_group_oldest_pending_deliveries": G,
    "redis_stream_group_entries_read": G,
    "redis_stream_group_last_delivered_timestamp_seconds": G,
    "redis_stream_group_consumer_messages_pending": C,
    "redis_stream_group_consumer_idle_seconds": C,
    "redis_stream_group_consumer_inactive_seconds": C,
    "redis_stream_reaction_wait_seconds": S + ", after",
    "redis_stream_reaction_limit_seconds": S + ", after",
    "redis_stream_idmp_duration_seconds": S,
    "redis_stream_idmp_max_size": S,
    "redis_stream_idmp_producer_ids_tracked": S,
    "redis_stream_idmp_idempotent_ids_tracked": S,
    "redis_stream_idmp_entries_added_total": S,
    "redis_stream_idmp_duplicates_total": S,
    "redis_key_exists": "redis, db, key",
    "redis_key_ttl_seconds": "redis, db, key",
    "redis_key_deadline_seconds": "redis, db, key",
    "redis_keys_matching": "redis, db, pattern",
    "streamgauge_stream_errors": "redis, class, reason",
    "streamgauge_key_errors": "redis, reason",
    "streamgauge_streams": "redis, class",
    "streamgauge_groups_vanished": "redis, class",
    "redis_stream_group_consumers_dead": G,
    "redis_stream_group_messages_nacked": G,
    "streamgauge_streams_dropped": "redis",
    "streamgauge_streams_read_whole": "redis",
    "streamgauge_groups_lag_unknown": "redis",
    "streamgauge_scrape_duration_seconds": "redis, stage",
    "streamgauge_discovery_last_success_timestamp_seconds": "redis",
    "streamgauge_discovery_duration_seconds": "redis",
    "streamgauge_clock_offset_seconds": "redis",
    "streamgauge_config_last_reload_successful": "",
    "streamgauge_config_last_reload_success_timestamp_seconds": "",
    "streamgauge_build_info": "version, python",
}


def test_names_and_labels_are_those_of_the_contract():
    assert {metric.name: ", ".join(metric.level.value) for metric in METRICS} == CONTRACT


def test_only_what_ends_in_total_is_a_counter():
    counters = {metric.name for metric in METRICS if metric.kind == "counter"}
    assert counters == {name for name in CONTRACT if name.endswith("_total")}


def test_help_is_one_sentence_with_a_full_stop():
    for metric in METRICS:
        assert re.fullmatch(r"[A-Z0-9].*[^.]\.", metric.help), metric.name
