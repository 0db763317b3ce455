"""Simulators of the receiving services: they ship with the product, on loopback alone, for specimens only."""
