"""A simulated home: what its FRITZ!Box and its meter reader report is known to be true."""
