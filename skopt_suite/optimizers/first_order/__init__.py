"""Rules: a gradient becomes an update."""
