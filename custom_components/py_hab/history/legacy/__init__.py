"""The database file of the py_hab server that this integration replaces."""
