"""What a FRITZ!Box reports. No Home Assistant in here."""
