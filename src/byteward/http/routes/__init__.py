"""The REST operations, one module for each group; every handler has the same five steps."""
