"""The recorder's statistics: read, changed in one place, and restored."""
