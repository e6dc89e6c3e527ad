"""The dashboard's own surface: its pages, its cookie, and who may send what to it."""
