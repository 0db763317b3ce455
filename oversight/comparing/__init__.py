"""Court and oversight body in the demonstration of comparison: decisions, countersignature, annex, and the desk.

Part of the second distribution, for specimens on one machine. Each of them works from files of its own; none reads
central's database, and only the desk listens.
"""
