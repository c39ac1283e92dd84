"""Reading access for others: actions and JSON endpoints."""
