"""A real Home Assistant around the simulated home: for the demo and the end-to-end tests."""
