"""Which counter readings to accept, and what is remembered of them."""
