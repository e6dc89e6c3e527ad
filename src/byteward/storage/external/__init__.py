"""Stores of accounts: buckets, containers and web servers that folders are mapped to."""
