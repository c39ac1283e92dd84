"""Hourly readings from the device statistics of a FRITZ!Box."""
