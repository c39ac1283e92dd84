"""Worlds of days and weeks, in which Home Assistant stops and starts again on what it has stored."""
