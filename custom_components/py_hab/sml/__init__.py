"""What a published key or number of an electricity meter means. No Home Assistant in here."""
