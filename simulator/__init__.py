"""A simulated home: what its FRITZ!Box and its meter reader tell is known to be true."""
