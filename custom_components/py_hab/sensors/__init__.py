"""Tables of sensors."""
