"""Files of readings: what any of them has in common, tables (CSV), and the way out again."""
