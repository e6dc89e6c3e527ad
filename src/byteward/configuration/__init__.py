"""The account document: read, compare with what is stored, apply as one change, export."""
