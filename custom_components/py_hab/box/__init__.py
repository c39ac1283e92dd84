"""What belongs to one FRITZ!Box in Home Assistant, beside its coordinator."""
