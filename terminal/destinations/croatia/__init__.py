"""eVisitor: the register of guests of the Croatian tourist boards (docs/destinations/croatia.md says which source says
what)."""
