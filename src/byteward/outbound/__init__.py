"""Requests that the server itself makes, each to an address that was judged first."""
