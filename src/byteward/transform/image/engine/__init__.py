"""Pixels: the only package that touches libvips. It runs in the sandbox, in no server process."""
