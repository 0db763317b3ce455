"""Alloggiati Web, the receiving service of the Italian State Police (docs/destinations.md, "Italy")."""
