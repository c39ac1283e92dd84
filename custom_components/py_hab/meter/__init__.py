"""A Tasmota reader and its electricity meters in Home Assistant."""
