"""The alerts: from the relay to a kept snapshot, through their states, to their forgetting."""
