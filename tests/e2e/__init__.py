"""The server as a process, driven over HTTP and by the official client; imports no product code."""
