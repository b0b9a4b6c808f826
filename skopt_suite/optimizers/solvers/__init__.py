"""Solvers ask the objective for more than one gradient."""
