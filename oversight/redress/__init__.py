"""Guests' requests: from the guest page to the privacy officer, and the answer back (docs/requests.md)."""
