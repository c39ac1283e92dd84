"""Tools for developers; each runs by itself."""
