"""Dashboard users: signing in, sessions, the second factor, invitations and `dash_` bearers."""
