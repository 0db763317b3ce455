"""Oversight's own page, on its own machine: decisions, permits and the stop, counts, logs. Loopback only."""
