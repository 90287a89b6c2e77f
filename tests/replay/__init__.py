"""Real servers and the real exporter under a moved clock, judged by promtool and the shipped rules."""
