"""Tests of prices and costs, without Home Assistant."""
