"""Alloggiati Web, the receiving service of the Italian State Police (docs/destinations/italy.md)."""
