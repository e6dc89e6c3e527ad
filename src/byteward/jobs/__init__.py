"""Durable background work: rows that say what is to be done, and the worker that does it."""
