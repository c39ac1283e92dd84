"""Small pure helpers that every other folder may use."""
