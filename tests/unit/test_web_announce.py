"""What the log says at the start, and in which order."""

import logging
from types import SimpleNamespace

import pytest

from streamgauge.web.listen import Listener, listen_all
from streamgauge.web.server import _announce


@pytest.mark.parametrize("tls", [None, object()])
def test_where_it_listens_is_said_last(caplog: pytest.LogCaptureFixture, tls: object) -> None:
    """Who waits for that line finds everything else in the log, and can connect."""
    caplog.set_level(logging.INFO)
    config = SimpleNamespace(tls=tls, users={"alice": "hash"})
    listeners: list[Listener] = listen_all(["127.0.0.1:0"] * 2)
    try:
        _announce(listeners, SimpleNamespace(config=config))
    finally:
        for listener in listeners:
            listener.close()
    said = [record.getMessage() for record in caplog.records]
    before = ["passwords are sent in the clear, since TLS is disabled"] if tls is None else []
    state = "TLS is disabled" if tls is None else "TLS is enabled"
    assert said == [*before, state, state, "listening", "listening"]
