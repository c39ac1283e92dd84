"""Reading the recorder's statistics, changing them in one place, and undoing changes."""
