"""Commands of the second distribution, the demonstration of comparison: one thin module per group."""
