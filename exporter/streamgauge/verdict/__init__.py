"""What one look at Redis, or two, says about each stream and group, in words; pure functions."""
