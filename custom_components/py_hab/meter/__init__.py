"""The electricity meters of a Tasmota reader in Home Assistant."""
