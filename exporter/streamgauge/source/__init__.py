"""Reads Redis: connect, discover, sample. The only package of the exporter that imports redis."""
