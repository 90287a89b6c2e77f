"""Verdicts as a report: a neutral document first, then a table, Markdown or JSON of it."""
