"""Accepting sealed envelopes, and giving a guest back what is kept of a stay."""
