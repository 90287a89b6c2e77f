"""Histories in which a ticket must fire, with its words, and those in which none may."""
