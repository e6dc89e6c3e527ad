"""Processes and sockets: who listens, who is restarted, and how everything stops."""
