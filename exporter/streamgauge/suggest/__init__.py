"""From the history that Redis holds of each stream to a class and limits, with the evidence."""
