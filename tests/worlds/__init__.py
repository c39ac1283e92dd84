"""Worlds in which something goes wrong, and what the statistics must say all the same."""
