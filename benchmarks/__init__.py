"""What py_hab costs, measured beside what else could do the same; each runs alone."""
