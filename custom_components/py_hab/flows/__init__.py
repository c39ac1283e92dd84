"""Steps of the options flow, and parts of forms."""
