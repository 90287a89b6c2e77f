"""The real thing: the demo, Prometheus and Alertmanager with the shipped files, and a pager."""

import pytest

pytest.register_assert_rewrite("e2e.blindness", "e2e.demo", "e2e.stack", "e2e.servers")
