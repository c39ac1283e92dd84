"""Decides which counter readings are accepted, and stores them."""
