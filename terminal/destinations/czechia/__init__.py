"""Ubyport: the register of the Czech foreign police (docs/destinations/czechia.md says which source says what)."""
