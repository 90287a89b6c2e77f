"""Redis Streams in simulated time: what happens, what the exporter makes of it, what alerts say."""
