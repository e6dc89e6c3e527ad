"""Bodies of the dashboard's operations."""
