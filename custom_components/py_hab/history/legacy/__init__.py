"""Import of the database file of the py_hab server, which this integration replaces."""
