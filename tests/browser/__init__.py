"""The dashboard and its cards in a real browser."""
