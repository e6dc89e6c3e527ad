"""The shell around `access`: stored facts, cached and stamped; enforcing; explaining."""
