"""The meaning of the keys and values that an SML reader publishes. No Home Assistant imports."""
