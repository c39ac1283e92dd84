"""Descriptions of all sensors, as tables."""
