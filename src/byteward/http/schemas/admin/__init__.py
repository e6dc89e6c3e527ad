"""Bodies of the administrators' operations."""
