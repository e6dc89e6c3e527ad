"""Bytes changed on the fly: from a file and parameters to another representation of it."""
