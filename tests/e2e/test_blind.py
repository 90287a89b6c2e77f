"""When Redis or the exporter dies, that nothing is seen any more is the one thing that pages.

What must hold is in e2e/blindness.py, which looks at every step as it comes about.
"""

from concurrent.futures import Future


def test_a_dead_exporter_and_a_dead_redis_page_blind_and_nothing_else(blindness: Future[None]):
    blindness.result()
