"""Tests, in rings from unit to faults; CONTRIBUTING.md says which is which."""
