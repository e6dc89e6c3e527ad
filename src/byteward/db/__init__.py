"""The metadata database: its tables, its one port, and the adapter for SQLite."""
