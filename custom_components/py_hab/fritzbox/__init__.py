"""Parsers for what a FRITZ!Box reports. Nothing here imports Home Assistant."""
