"""Byteward: a file server with uploads, a permission model, and delivery the way a CDN does it."""

__version__ = "0.1.0"
