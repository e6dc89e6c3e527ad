"""The server as a process, driven over HTTP and by the official client; never imports the product."""
