"""What the tests share: real servers, the exporter as a process, scrapes as data, and an oracle."""

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite(
    "support.exporter", "support.history", "support.metrics", "support.oracle", "support.servers"
)
# How long an example takes says more of the machine than of what it is about.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("daily", PATIENT, max_examples=30)
settings.register_profile("nightly", PATIENT, max_examples=300)
