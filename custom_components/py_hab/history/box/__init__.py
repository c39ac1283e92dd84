"""The device statistics of a FRITZ!Box as hourly readings."""
