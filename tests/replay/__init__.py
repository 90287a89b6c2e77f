"""Real servers and the real exporter under a moved clock; promtool and the shipped rules judge."""
