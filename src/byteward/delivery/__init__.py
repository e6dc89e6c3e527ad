"""Bytes out, the way a CDN does it: parse, authenticate, decide, look up, condition, send."""
