"""What operators do to an installation: open it, initialise it, check it, back it up."""
