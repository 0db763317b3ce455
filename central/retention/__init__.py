"""Destroying what was kept, on its day."""
