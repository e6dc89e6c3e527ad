"""Our HTTP/1.1 server: strict framing, bounded waits, one plain ASGI application behind it."""
