"""Measured paths: `make bench` runs them and prints ratios against a named rival."""
