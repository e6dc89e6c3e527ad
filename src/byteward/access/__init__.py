"""Who may do what: the permission model and its one decision function. Pure; no I/O."""
