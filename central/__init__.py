"""The registration service: it knows the house of every record and can read none of them.

`ingest` accepts sealed envelopes, `retention` destroys them on their day, `disclosure` hands sealed
records over under a court's order.
"""
