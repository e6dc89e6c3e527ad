"""Accounts and what belongs to one: settings, API keys, JWT certificates, presets, users."""
