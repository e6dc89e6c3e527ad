"""The processes of a running server, by what they do."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.server import Server, processes_of


def parent_of(pid: int) -> int:
    """Id of the parent of a living process."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


def workers_of(server: Server) -> list[int]:
    """The processes that answer requests: children of a plane, not of the first process."""
    first = server.process.pid
    return [p for p in processes_of(first) if p != first and parent_of(p) != first]


def keepers_of(server: Server) -> list[int]:
    """The children of the first process: one for each plane, and housekeeping."""
    first = server.process.pid
    return [p for p in processes_of(first) if p != first and parent_of(p) == first]
