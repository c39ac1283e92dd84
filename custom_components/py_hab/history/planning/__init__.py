"""Plans changes of statistics from their rows, without I/O and without Home Assistant."""
