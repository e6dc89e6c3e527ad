"""Promises that only a real browser can keep or break: Debian's Chromium, headless."""
