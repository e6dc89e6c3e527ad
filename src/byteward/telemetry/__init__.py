"""What the server tells its operator: structured log events."""
