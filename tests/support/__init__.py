"""What the tests share: real servers, the exporter as a process, scrapes as data, and an oracle."""

import pytest

pytest.register_assert_rewrite(
    "support.exporter", "support.history", "support.metrics", "support.oracle", "support.servers"
)
