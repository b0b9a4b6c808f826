"""Displays; matplotlib is imported only here."""
