"""Everything that reads for others: actions, JSON endpoints, profiles."""
