"""Frozen records of what a scrape saw, and the facts derived from them by pure functions."""
