"""How bytes come in: one request, a form, or parts; each becomes a file in one transaction."""
