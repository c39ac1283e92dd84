"""What energy costs: prices, hours, contracts, forecasts. Knows nothing of Home Assistant."""
