"""Prometheus exporter for Redis Streams that knows quiet by design from dead."""

__version__ = "0.1.0"
