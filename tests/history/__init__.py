"""Tests of what reads and writes statistics."""
