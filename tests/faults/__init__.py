"""Faults on purpose: killed processes and full volumes, with clients that keep a journal."""
