"""Checks that users run on components of their own."""
