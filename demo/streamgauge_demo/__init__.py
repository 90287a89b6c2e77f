"""A simulated trading system on an embedded server, with the exporter in front of it."""
