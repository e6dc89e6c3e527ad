"""Where untrusted files are decoded: processes that can reach nothing but the job they have."""
