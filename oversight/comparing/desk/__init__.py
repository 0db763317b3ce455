"""Oversight's desk: it permits comparison for a day, evaluates blindly and counts, and stops. Loopback only."""
